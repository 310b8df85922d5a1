#include "kernels/cuda/early_start.h"
#include "kernels/cuda/few_rows_product.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/cuda/silu.h"
#include "kernels/cuda/tensor_core.h"
#include "kernels/cuda/warp.h"

namespace speclab {
namespace {

constexpr int kWarps = 8;     // of a block: they take turns at the chunks of k
constexpr int kChunk = 64;    // of k, of one turn
constexpr int kTileOut = 16;  // outputs of one tensor-core tile
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

  __device__ static std::uint32_t word_of(const uint4& four, int i) {
    return i == 0 ? four.x : i == 1 ? four.y : i == 2 ? four.z : four.w;
  }
};

// A lane's share of one row of x, in the same order.
template <class T, class W>
struct RowShare {
  uint4 bits[2];

  __device__ void load(const T* row, int k0, int t, int width) {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const int k = k0 + (sizeof(W) == 1 ? 16 * t + 8 * i : 32 * i + 8 * t);
      bits[i] = k < width ? load16(row + k) : uint4{0, 0, 0, 0};
    }
  }
  __device__ std::uint32_t pair(int i) const { return WeightShare<T, T>::word_of(bits[i / 4], i % 4); }
};

constexpr int width_of(int inputs, std::size_t bytes) {
  return bytes == 1 ? padded16(inputs) : padded8(inputs);
}

// kOutTiles tiles of 16 outputs by kRowTiles tiles of 8 rows; kAhead chunks of weights are on their way.
template <class T, class W, int kOutTiles, int kRowTiles, int kAhead>
__global__ void __launch_bounds__(kWarps* kWarp) few_rows_kernel(FewRowsProduct<T, W> task) {
  let_next_begin();
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  const int g = lane / 4, t = lane % 4;
  const int width = width_of(task.inputs, sizeof(W)), x_width = padded16(task.inputs);
  const bool gate = task.finish == Finish::gate;
  constexpr int kOutputs = kOutTiles * kTileOut, kRows = kRowTiles * kTileRows;
  // With a gate the upper half of each tile is the same outputs' second matrix.
  const int block_outputs = gate ? kOutputs / 2 : kOutputs;
  const int first_output = static_cast<int>(blockIdx.x) * block_outputs;

  const W* first[kOutTiles];
  const W* second[kOutTiles];
#pragma unroll
  for (int m = 0; m < kOutTiles; ++m) {
    const int j = first_output + m * (gate ? kTileOut / 2 : kTileOut) + g;
    const int low = min(j, task.outputs - 1);
    const int high = gate ? task.outputs + low : min(j + 8, task.outputs - 1);
    first[m] = task.weights + static_cast<std::size_t>(low) * width;
    second[m] = task.weights + static_cast<std::size_t>(high) * width;
  }
  const T* x[kRowTiles];
#pragma unroll
  for (int n = 0; n < kRowTiles; ++n) {
    x[n] = task.x + static_cast<std::size_t>(min(n * kTileRows + g, task.rows - 1)) * x_width;
  }

  // The first weights come while what makes x still runs.
  WeightShare<T, W> weights[kAhead][kOutTiles];
#pragma unroll
  for (int d = 0; d < kAhead; ++d) {
#pragma unroll
    for (int m = 0; m < kOutTiles; ++m) {
      weights[d][m].load(first[m], second[m], (warp + d * kWarps) * kChunk, t, width);
    }
  }
  wait_for_previous();
  float sums[kOutTiles][kRowTiles][4] = {};
  for (int chunk = warp; chunk * kChunk < width; chunk += kWarps * kAhead) {
#pragma unroll
    for (int d = 0; d < kAhead; ++d) {
      const int k0 = (chunk + d * kWarps) * kChunk;
#pragma unroll
      for (int n = 0; n < kRowTiles; ++n) {
        RowShare<T, W> row;
        row.load(x[n], k0, t, x_width);
#pragma unroll
        for (int m = 0; m < kOutTiles; ++m) {
#pragma unroll
          for (int step = 0; step < 4; ++step) {
            const std::uint32_t a[4] = {weights[d][m].pair(0, 2 * step), weights[d][m].pair(1, 2 * step),
                                        weights[d][m].pair(0, 2 * step + 1),
                                        weights[d][m].pair(1, 2 * step + 1)};
            multiply_add<T>(sums[m][n], a, row.pair(2 * step), row.pair(2 * step + 1));
          }
        }
      }
#pragma unroll
      for (int m = 0; m < kOutTiles; ++m) {
        weights[d][m].load(first[m], second[m], k0 + kWarps * kAhead * kChunk, t, width);
      }
    }
  }

  // (warps, outputs, rows), then added warp by warp.
  float* parts = &shared_as<float>();
#pragma unroll
  for (int m = 0; m < kOutTiles; ++m) {
#pragma unroll
    for (int n = 0; n < kRowTiles; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int j = m * kTileOut + g + i / 2 * 8, row = n * kTileRows + 2 * t + i % 2;
        parts[(warp * kOutputs + j) * kRows + row] = sums[m][n][i];
      }
    }
  }
  __syncthreads();
  const auto total = [&](int j, int row) {
    float sum = parts[j * kRows + row];
    for (int w = 1; w < kWarps; ++w) sum += parts[(w * kOutputs + j) * kRows + row];
    return sum;
  };
  for (int i = static_cast<int>(threadIdx.x); i < block_outputs * kRows; i += kWarps * kWarp) {
    const int row = i / block_outputs, within = i % block_outputs, j = first_output + within;
    if (row >= task.rows || j >= task.outputs) continue;
    const std::size_t at = static_cast<std::size_t>(row) * task.stride + j;
    const auto scale = [&](int output) { return sizeof(W) == 1 ? task.scales[output] : 1.0f; };
    if (gate) {
      const int low = within / 8 * kTileOut + within % 8;
      const float y = total(low, row) * scale(j), up = total(low + 8, row) * scale(task.outputs + j);
      static_cast<T*>(task.out)[at] = number_of<T>(silu(y) * up);
    } else {
      float* out = static_cast<float*>(task.out) + at;
      const float y = total(within, row) * scale(j);
      *out = task.finish == Finish::add ? *out + y : y;
      if (task.not_finite && !(fabsf(y) < INFINITY)) atomicMin(task.not_finite, task.first_row + row);
    }
  }
}

template <class T, class W, int kOutTiles, int kRowTiles, int kAhead>
void start(const FewRowsProduct<T, W>& task, Stream& stream) {
  constexpr int kOutputs = kOutTiles * kTileOut, kRows = kRowTiles * kTileRows;
  const int per_block = task.finish == Finish::gate ? kOutputs / 2 : kOutputs;
  launch("few_rows_product", few_rows_kernel<T, W, kOutTiles, kRowTiles, kAhead>,
         {.blocks = ceil_div(task.outputs, per_block),
          .threads = kWarps * kWarp,
          .shared_bytes = kWarps * kOutputs * kRows * sizeof(float),
          .early = true},
         stream, task);
}

}  // namespace

template <class T, class W>
void multiply(const FewRowsProduct<T, W>& task, Stream& stream) {
  if (task.rows == 0) return;
  require(task.rows <= FewRowsProduct<T, W>::kMostRows, "few_rows_product", "rows <= kMostRows");
  require(task.stride >= task.outputs, "few_rows_product", "stride >= outputs");
  require(sizeof(W) != 1 || task.scales != nullptr, "few_rows_product", "int8 weights have scales");
  if (task.rows <= 8) return start<T, W, 1, 1, 4>(task, stream);
  if (task.rows <= 16) return start<T, W, 1, 2, 3>(task, stream);
  if (task.rows <= 32) return start<T, W, 2, 4, 2>(task, stream);
  start<T, W, 2, 8, 1>(task, stream);
}

template void multiply(const FewRowsProduct<Bf16, Bf16>&, Stream&);
template void multiply(const FewRowsProduct<F16, F16>&, Stream&);
template void multiply(const FewRowsProduct<Bf16, std::int8_t>&, Stream&);
template void multiply(const FewRowsProduct<F16, std::int8_t>&, Stream&);

KernelDemand product_demand(int rows, int inputs, int outputs, double weight_bytes_each, Finish finish) {
  const double matrices = finish == Finish::gate ? 2 : 1;
  const double weights = matrices * inputs * outputs;
  const double out_bytes = finish == Finish::gate ? 2 : finish == Finish::add ? 8 : 4;
  return {.bytes = weights * weight_bytes_each + 2.0 * rows * inputs + out_bytes * rows * outputs,
          .flops = 2.0 * rows * weights};
}

}  // namespace speclab
