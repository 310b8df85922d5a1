#pragma once

#include <cmath>

#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/few_rows_product.h"
#include "kernels/cuda/silu.h"
#include "kernels/cuda/tensor_core.h"
#include "kernels/cuda/warp.h"

namespace speclab {

// What all kernels for products of few rows have in common, and with it the order in which they add: k is cut
// into chunks, which eight parts take in turns; each part adds its chunks in order, and the parts are added
// in order.

constexpr int kProductParts = 8;
constexpr int kProductWarps = 8;  // of a block
constexpr int kChunk = 64;        // of k
constexpr int kTileOut = 16;      // outputs of one tensor-core tile
constexpr int kTileRows = 8;

// A lane's share of a chunk: 16 numbers of k of each of its two outputs. k goes to registers in the order of
// memory, which multiply_add may be given.
template <class T, class W>
struct WeightShare {
  static constexpr int kLoads = 16 * sizeof(W) / 16;  // of 16 bytes, per output
  uint4 bits[2][kLoads];

  __device__ static int k_of(int load, int t) { return sizeof(W) == 1 ? 16 * t : 32 * load + 8 * t; }

  __device__ void load(const W* first, const W* second, int k0, int t, int width) {
#pragma unroll
    for (int i = 0; i < kLoads; ++i) {
      const int k = k0 + k_of(i, t);
      const bool inside = k < width;
      bits[0][i] = inside ? load16_streaming(first + k) : uint4{0, 0, 0, 0};
      bits[1][i] = inside ? load16_streaming(second + k) : uint4{0, 0, 0, 0};
    }
  }

  // The i-th register of the eight that hold an output's 16 numbers.
  __device__ std::uint32_t pair(int output, int i) const {
    if constexpr (sizeof(W) == 1) {
      const std::uint32_t word = word_of(bits[output][0], i / 2) >> 16 * (i % 2);
      return pack_floats<T>(static_cast<float>(static_cast<std::int8_t>(word & 0xFFu)),
                            static_cast<float>(static_cast<std::int8_t>(word >> 8 & 0xFFu)));
    } else {
      return word_of(bits[output][i / 4], i % 4);
    }
  }
};

// A lane's share of one row of x, in the same order.
template <class W>
struct RowShare {
  uint4 bits[2];

  // Where in a chunk the i-th of the loads begins.
  __device__ static int k_of(int i, int t) { return sizeof(W) == 1 ? 16 * t + 8 * i : 32 * i + 8 * t; }
  __device__ std::uint32_t pair(int i) const { return word_of(bits[i / 4], i % 4); }
};

// sums += a chunk's share of 16 outputs times that of 8 rows.
template <class T, class W>
__device__ void add_chunk(float (&sums)[4], const WeightShare<T, W>& weights, const RowShare<W>& row) {
#pragma unroll
  for (int step = 0; step < 4; ++step) {
    const std::uint32_t a[4] = {weights.pair(0, 2 * step), weights.pair(1, 2 * step),
                                weights.pair(0, 2 * step + 1), weights.pair(1, 2 * step + 1)};
    multiply_add<T>(sums, a, row.pair(2 * step), row.pair(2 * step + 1));
  }
}

// Calls put(output, row, sum) for all of a lane's sums; outputs and rows from the first of its tiles on.
template <int kOutTiles, int kRowTiles, class Put>
__device__ void each_sum(const float (&sums)[kOutTiles][kRowTiles][4], int g, int t, const Put& put) {
#pragma unroll
  for (int m = 0; m < kOutTiles; ++m) {
#pragma unroll
    for (int n = 0; n < kRowTiles; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        put(m * kTileOut + g + i / 2 * 8, n * kTileRows + 2 * t + i % 2, sums[m][n][i]);
      }
    }
  }
}

constexpr int width_of(int inputs, std::size_t bytes) {
  return bytes == 1 ? padded16(inputs) : padded8(inputs);
}

template <class T, class W>
void check_product(const FewRowsProduct<T, W>& task) {
  require(task.rows <= FewRowsProduct<T, W>::kMaxRows, "few_rows_product", "rows <= kMostRows");
  require(task.stride >= task.outputs, "few_rows_product", "stride >= outputs");
  require(sizeof(W) != 1 || task.scales != nullptr, "few_rows_product", "int8 weights have scales");
}

// Where a lane's two outputs of a tile begin. With a gate the upper half of each tile is the same outputs'
// second matrix.
template <class T, class W>
struct OutputRows {
  const W* first;
  const W* second;

  __device__ OutputRows(const FewRowsProduct<T, W>& task, int first_output, int tile, int g) {
    const bool gate = task.finish == Finish::gate;
    const int width = width_of(task.inputs, sizeof(W));
    const int j = first_output + tile * (gate ? kTileOut / 2 : kTileOut) + g;
    const int low = min(j, task.outputs - 1);
    const int high = gate ? task.outputs + low : min(j + 8, task.outputs - 1);
    first = task.weights + static_cast<std::size_t>(low) * width;
    second = task.weights + static_cast<std::size_t>(high) * width;
  }
};

// What becomes of the sum for the output that is `within` those of the block. `total(i)`: of the i-th of all
// outputs that the block's tiles hold.
template <class T, class W, class Total>
__device__ void finish_product(const FewRowsProduct<T, W>& task, int row, int first_output, int within,
                               const Total& total) {
  const int j = first_output + within;
  if (row >= task.rows || j >= task.outputs) return;
  const std::size_t at = static_cast<std::size_t>(row) * task.stride + j;
  const auto scale = [&](int output) { return sizeof(W) == 1 ? task.scales[output] : 1.0f; };
  if (task.finish == Finish::gate) {
    const int low = within / 8 * kTileOut + within % 8;
    const float y = total(low) * scale(j), up = total(low + 8) * scale(task.outputs + j);
    static_cast<T*>(task.out)[at] = number_of<T>(silu(y) * up);
    return;
  }
  float* out = static_cast<float*>(task.out) + at;
  const float y = total(within) * scale(j);
  *out = task.finish == Finish::add ? *out + y : y;
  if (task.not_finite && !(fabsf(y) < INFINITY)) atomicMin(task.not_finite, task.first_row + row);
}

}  // namespace speclab
