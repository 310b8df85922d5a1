#pragma once

#include "kernels/cpu/arithmetic.h"
#include "kernels/cpu/four.h"

// Included once per instruction set, in a file compiled for it: everything here depends on Lanes.
namespace speclab {

// How one type of weight meets its panel: kStep elements at a time.
template <class Lanes>
struct Bf16Weight {
  using Stored = std::uint16_t;
  using Panel = std::uint16_t;
  static constexpr int kStep = 32;
  static auto load(const Stored* w) { return Lanes::load_pairs(w); }
  static auto load(const Stored* w, int count) { return Lanes::load_pairs(w, count); }
  static auto panel(const Panel* x) { return Lanes::load_pairs(x); }
  template <class W, class X>
  static auto step(const typename Lanes::F& sum, const W& w, const X& x) {
    return Lanes::dot(sum, w, x);
  }
};

template <class Lanes>
struct F16Weight {
  using Stored = std::uint16_t;
  using Panel = float;
  static constexpr int kStep = 16;
  static auto load(const Stored* w) { return Lanes::load_f16(w); }
  static auto load(const Stored* w, int count) { return Lanes::load_f16(w, count); }
  static auto panel(const Panel* x) { return Lanes::load(x); }
  template <class W, class X>
  static auto step(const typename Lanes::F& sum, const W& w, const X& x) {
    return Lanes::fma(w, x, sum);
  }
};

template <class Lanes>
struct F32Weight {
  using Stored = float;
  using Panel = float;
  static constexpr int kStep = 16;
  static auto load(const Stored* w) { return Lanes::load(w); }
  static auto load(const Stored* w, int count) { return Lanes::load(w, count); }
  static auto panel(const Panel* x) { return Lanes::load(x); }
  template <class W, class X>
  static auto step(const typename Lanes::F& sum, const W& w, const X& x) {
    return Lanes::fma(w, x, sum);
  }
};

// Bytes that the next tiles read; fetched a few lines at each step, so that memory never rests while a
// tile computes. Into the second level: the first has too few outstanding misses to keep memory busy
// (16 rows of 220 MB: 10.9 ms against 15 ms).
struct Ahead {
  const std::byte* at = nullptr;
  int lines_per_step = 0;
};

// Rows x Columns results; the sums stay in registers.
template <class Lanes, class Weight, int Rows, int Columns>
void matmul_tile(const Matmul& task, int row, int column, Ahead ahead) {
  using Stored = typename Weight::Stored;
  using F = typename Lanes::F;
  constexpr int kStep = Weight::kStep;
  const std::size_t depth = static_cast<std::size_t>(task.depth);
  const Stored* w = reinterpret_cast<const Stored*>(task.weights) + static_cast<std::size_t>(row) * depth;
  const auto* x = static_cast<const typename Weight::Panel*>(task.panel) +
                  static_cast<std::size_t>(column) * task.panel_stride;
  // Every loop over r and n is unrolled: an index that is not constant would put the sums into memory.
  F sums[Columns][Rows];
#pragma GCC unroll 8
  for (int n = 0; n < Columns; ++n) {
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) sums[n][r] = Lanes::set(0);
  }
  std::size_t k = 0;
  const auto step = [&](auto load) __attribute__((always_inline)) {
    decltype(load(w)) weights[Rows];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) weights[r] = load(w + static_cast<std::size_t>(r) * depth + k);
#pragma GCC unroll 8
    for (int n = 0; n < Columns; ++n) {
      const auto panel = Weight::panel(x + static_cast<std::size_t>(n) * task.panel_stride + k);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) sums[n][r] = Weight::step(sums[n][r], weights[r], panel);
    }
  };
  for (; k + kStep <= depth; k += kStep) {
    for (int line = 0; line < ahead.lines_per_step; ++line) {
      Lanes::prefetch(ahead.at);
      ahead.at += 64;
    }
    step([](const Stored* at) { return Weight::load(at); });
  }
  if (k < depth) {
    const int count = static_cast<int>(depth - k);
    step([count](const Stored* at) { return Weight::load(at, count); });
  }
#pragma GCC unroll 8
  for (int n = 0; n < Columns; ++n) {
    float* out = task.out + static_cast<std::size_t>(column + n) * task.out_stride + row;
    if constexpr (Rows % 4 == 0) {
#pragma GCC unroll 2
      for (int r = 0; r < Rows; r += 4) {
        Four result = Lanes::totals(sums[n][r], sums[n][r + 1], sums[n][r + 2], sums[n][r + 3]);
        if (task.bias) result = result + load_four(task.bias + row + r);
        if (task.add) result = load_four(out + r) + result;
        store_four(out + r, result);
      }
    } else {
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        float result = Lanes::total(sums[n][r]);
        if (task.bias) result = result + task.bias[row + r];
        out[r] = task.add ? out[r] + result : result;
      }
    }
  }
}

template <class Lanes, class Weight, int Rows, int Columns>
void matmul_columns(const Matmul& task, int row, int column, int width, const Ahead& ahead) {
  if (width == Columns) {
    matmul_tile<Lanes, Weight, Rows, Columns>(task, row, column, ahead);
  } else if constexpr (Columns > 1) {
    matmul_columns<Lanes, Weight, Rows, Columns - 1>(task, row, column, width, ahead);
  }
}

// All columns of some rows, in tiles of nearly equal width.
template <class Lanes, class Weight, int Rows>
void matmul_rows(const Matmul& task, int row) {
  const int tiles = (task.count + Lanes::kTileColumns - 1) / Lanes::kTileColumns;
  const int lines = (Rows + tiles - 1) / tiles;
  const std::size_t row_bytes = static_cast<std::size_t>(task.depth) * sizeof(typename Weight::Stored);
  const std::byte* next = task.weights + static_cast<std::size_t>(row + Rows) * row_bytes;
  const std::size_t steps = static_cast<std::size_t>(task.depth) / Weight::kStep;
  for (int tile = 0, column = 0; tile < tiles; ++tile) {
    const int width = (task.count - column + tiles - tile - 1) / (tiles - tile);
    const std::size_t share = steps * static_cast<std::size_t>(lines) * 64;
    const Ahead ahead{next + static_cast<std::size_t>(tile) * share, tile * lines < Rows ? lines : 0};
    matmul_columns<Lanes, Weight, Rows, Lanes::kTileColumns>(task, row, column, width, ahead);
    column += width;
  }
}

template <class Lanes, class Weight>
void matmul_as(const Matmul& task) {
  int row = task.begin;
  if (task.count == 1) {
    for (; row + Lanes::kStreamRows <= task.end; row += Lanes::kStreamRows) {
      matmul_rows<Lanes, Weight, Lanes::kStreamRows>(task, row);
    }
  }
  for (; row + Lanes::kTileRows <= task.end; row += Lanes::kTileRows) {
    matmul_rows<Lanes, Weight, Lanes::kTileRows>(task, row);
  }
  for (; row < task.end; ++row) matmul_rows<Lanes, Weight, 1>(task, row);
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
