#pragma once

#include "kernels/cpu/arithmetic.h"

// Included once per instruction set, in a file compiled for it: everything here depends on Lanes.
namespace speclab {

// How one type of weight meets its panel: kStep elements at a time, which the lanes take in kParts, one after
// another, so that what a part needs fits the registers.
template <class Lanes>
struct Bf16Weight {
  using Stored = std::uint16_t;
  using Panel = std::uint16_t;
  static constexpr int kStep = 32, kParts = Lanes::kPairParts;
  static auto load(const Stored* w, int part) { return Lanes::load_pairs(w, part); }
  static auto load(const Stored* w, int count, int part) { return Lanes::load_pairs(w, count, part); }
  static auto panel(const Panel* x, int part) { return Lanes::load_pairs(x, part); }
  template <class W, class X>
  static void step(typename Lanes::F& sum, const W& w, const X& x, int part) {
    Lanes::dot(sum, w, x, part);
  }
};

template <class Lanes>
struct F16Weight {
  using Stored = std::uint16_t;
  using Panel = float;
  static constexpr int kStep = 16, kParts = 1;
  static auto load(const Stored* w, int) { return Lanes::load_f16(w); }
  static auto load(const Stored* w, int count, int) { return Lanes::load_f16(w, count); }
  static auto panel(const Panel* x, int) { return Lanes::load(x); }
  template <class W, class X>
  static void step(typename Lanes::F& sum, const W& w, const X& x, int) {
    sum = Lanes::fma(w, x, sum);
  }
};

template <class Lanes>
struct F32Weight {
  using Stored = float;
  using Panel = float;
  static constexpr int kStep = 16, kParts = 1;
  static auto load(const Stored* w, int) { return Lanes::load(w); }
  static auto load(const Stored* w, int count, int) { return Lanes::load(w, count); }
  static auto panel(const Panel* x, int) { return Lanes::load(x); }
  template <class W, class X>
  static void step(typename Lanes::F& sum, const W& w, const X& x, int) {
    sum = Lanes::fma(w, x, sum);
  }
};

// Rows x Columns results; the sums stay in registers. Each step also fetches its part of Lines rows from
// `ahead` on, which later tiles read, so that memory never rests while a tile computes. Into the second
// level: the first has too few outstanding misses to keep memory busy (16 rows of 220 MB: 10.9 ms against 15
// ms).
template <class Lanes, class Weight, int Rows, int Columns, int Lines>
void matmul_tile(const Matmul& task, int row, int column, const std::byte* ahead) {
  using Stored = typename Weight::Stored;
  using F = typename Lanes::F;
  constexpr int kStep = Weight::kStep;
  const std::size_t depth = static_cast<std::size_t>(task.depth);
  const Stored* w = reinterpret_cast<const Stored*>(task.weights) + static_cast<std::size_t>(row) * depth;
  const auto* x = static_cast<const typename Weight::Panel*>(task.panel) +
                  static_cast<std::size_t>(column) * task.panel_stride;
  // Every loop over r and n is unrolled: an index that is not constant would put the sums into memory.
  F sums[Columns * Rows];
#pragma GCC unroll 32
  for (int i = 0; i < Columns * Rows; ++i) sums[i] = Lanes::set(0);
  std::size_t k = 0;
  const auto step = [&](auto load) __attribute__((always_inline)) {
#pragma GCC unroll 2
    for (int part = 0; part < Weight::kParts; ++part) {
      decltype(load(w, part)) weights[Rows];
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) weights[r] = load(w + static_cast<std::size_t>(r) * depth + k, part);
#pragma GCC unroll 8
      for (int n = 0; n < Columns; ++n) {
        const auto panel = Weight::panel(x + static_cast<std::size_t>(n) * task.panel_stride + k, part);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) Weight::step(sums[n * Rows + r], weights[r], panel, part);
      }
    }
  };
  for (; k + kStep <= depth; k += kStep) {
#pragma GCC unroll 8
    for (int line = 0; line < Lines; ++line) {
      Lanes::prefetch(ahead + (static_cast<std::size_t>(line) * depth + k) * sizeof(Stored));
    }
    step([](const Stored* at, int part) { return Weight::load(at, part); });
  }
  if (k < depth) {
    const int count = static_cast<int>(depth - k);
    step([count](const Stored* at, int part) { return Weight::load(at, count, part); });
  }
  float totals[Columns * Rows];
  Lanes::totals(sums, totals);
#pragma GCC unroll 8
  for (int n = 0; n < Columns; ++n) {
    float* out = task.out + static_cast<std::size_t>(column + n) * task.out_stride + row;
    const float* results = totals + n * Rows;
    for (int r = 0; r < Rows; ++r) {
      const float result = task.bias ? results[r] + task.bias[row + r] : results[r];
      out[r] = task.add ? out[r] + result : result;
    }
  }
}

template <class Lanes, class Weight, int Rows, int Columns, int Lines>
void matmul_columns(const Matmul& task, int row, int column, int width, const std::byte* ahead) {
  if (width == Columns) {
    matmul_tile<Lanes, Weight, Rows, Columns, Lines>(task, row, column, ahead);
  } else if constexpr (Columns > 1) {
    matmul_columns<Lanes, Weight, Rows, Columns - 1, Lines>(task, row, column, width, ahead);
  }
}

// All columns of some rows, in tiles of nearly equal width, which share the fetching of the next rows.
template <class Lanes, class Weight, int Rows, int Lines>
void matmul_rows(const Matmul& task, int row, int tiles) {
  const std::size_t row_bytes = static_cast<std::size_t>(task.depth) * sizeof(typename Weight::Stored);
  // Two blocks on: one is over before the last-level cache answers, where rows are short.
  const std::byte* next = task.weights + static_cast<std::size_t>(row + 2 * Rows) * row_bytes;
  for (int tile = 0, column = 0; tile < tiles; ++tile) {
    const int width = (task.count - column + tiles - tile - 1) / (tiles - tile);
    const int first_line = tile * Lines < Rows ? tile * Lines : Rows - Lines;
    matmul_columns<Lanes, Weight, Rows, Lanes::kTileColumns, Lines>(
        task, row, column, width, next + static_cast<std::size_t>(first_line) * row_bytes);
    column += width;
  }
}

template <class Lanes, class Weight, int Rows>
int matmul_blocks(const Matmul& task, int row) {
  const int tiles = (task.count + Lanes::kTileColumns - 1) / Lanes::kTileColumns;
  for (; row + Rows <= task.end; row += Rows) {
    if (tiles == 1) {
      matmul_rows<Lanes, Weight, Rows, Rows>(task, row, tiles);
    } else {
      matmul_rows<Lanes, Weight, Rows, (Rows + 1) / 2>(task, row, tiles);
    }
  }
  return row;
}

template <class Lanes, class Weight>
void matmul_as(const Matmul& task) {
  int row = task.begin;
  if (task.count <= Lanes::kStreamColumns) row = matmul_blocks<Lanes, Weight, Lanes::kStreamRows>(task, row);
  row = matmul_blocks<Lanes, Weight, Lanes::kTileRows>(task, row);
  matmul_blocks<Lanes, Weight, 1>(task, row);
}

template <class Lanes>
void matmul(const Matmul& task) {
  switch (task.dtype) {
    case Dtype::f32:
      return matmul_as<Lanes, F32Weight<Lanes>>(task);
    case Dtype::f16:
      return matmul_as<Lanes, F16Weight<Lanes>>(task);
    case Dtype::bf16:
      return matmul_as<Lanes, Bf16Weight<Lanes>>(task);
  }
}

}  // namespace speclab
