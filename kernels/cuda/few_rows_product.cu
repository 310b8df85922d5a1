#include "kernels/cuda/clustered_product.h"
#include "kernels/cuda/early_start.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/product_tile.h"
#include "kernels/cuda/shared_memory.h"

namespace speclab {
namespace {

// A warp is a part. kOutTiles tiles of 16 outputs by kRowTiles tiles of 8 rows; kAhead chunks of weights are
// on their way.
template <class T, class W, int kOutTiles, int kRowTiles, int kAhead>
__global__ void __launch_bounds__(kProductWarps* kWarp) few_rows_kernel(FewRowsProduct<T, W> task) {
  let_next_begin();
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  const int g = lane / 4, t = lane % 4;
  const int width = width_of(task.inputs, sizeof(W)), x_width = padded16(task.inputs);
  constexpr int kOutputs = kOutTiles * kTileOut, kRows = kRowTiles * kTileRows;
  const int block_outputs = task.finish == Finish::gate ? kOutputs / 2 : kOutputs;
  const int first_output = static_cast<int>(blockIdx.x) * block_outputs;

  // The first weights come while what makes x still runs.
  WeightShare<T, W> weights[kAhead][kOutTiles];
  const auto load = [&](WeightShare<T, W>& share, int tile, int k0) {
    const OutputRows<T, W> rows(task, first_output, tile, g);
    share.load(rows.first, rows.second, k0, t, width);
  };
#pragma unroll
  for (int d = 0; d < kAhead; ++d) {
#pragma unroll
    for (int m = 0; m < kOutTiles; ++m) load(weights[d][m], m, (warp + d * kProductParts) * kChunk);
  }
  wait_for_previous();
  const T* x[kRowTiles];
#pragma unroll
  for (int n = 0; n < kRowTiles; ++n) {
    x[n] = task.x + static_cast<std::size_t>(min(n * kTileRows + g, task.rows - 1)) * x_width;
  }
  float sums[kOutTiles][kRowTiles][4] = {};
  for (int chunk = warp; chunk * kChunk < width; chunk += kProductParts * kAhead) {
#pragma unroll
    for (int d = 0; d < kAhead; ++d) {
      const int k0 = (chunk + d * kProductParts) * kChunk;
#pragma unroll
      for (int n = 0; n < kRowTiles; ++n) {
        RowShare<W> row;
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          const int k = k0 + row.k_of(i, t);
          row.bits[i] = k < x_width ? load16(x[n] + k) : uint4{0, 0, 0, 0};
        }
#pragma unroll
        for (int m = 0; m < kOutTiles; ++m) add_chunk(sums[m][n], weights[d][m], row);
      }
#pragma unroll
      for (int m = 0; m < kOutTiles; ++m) load(weights[d][m], m, k0 + kProductParts * kAhead * kChunk);
    }
  }

  // (warps, outputs, rows), then added warp by warp.
  float* parts = &shared_as<float>();
  each_sum(sums, g, t, [&](int j, int row, float sum) { parts[(warp * kOutputs + j) * kRows + row] = sum; });
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < block_outputs * kRows; i += kProductWarps * kWarp) {
    const int row = i / block_outputs;
    finish_product(task, row, first_output, i % block_outputs, [&](int j) {
      float sum = parts[j * kRows + row];
      for (int w = 1; w < kProductParts; ++w) sum += parts[(w * kOutputs + j) * kRows + row];
      return sum;
    });
  }
}

template <class T, class W, int kOutTiles, int kRowTiles, int kAhead>
void start(const FewRowsProduct<T, W>& task, Stream& stream) {
  constexpr int kOutputs = kOutTiles * kTileOut, kRows = kRowTiles * kTileRows;
  const int per_block = task.finish == Finish::gate ? kOutputs / 2 : kOutputs;
  launch("few_rows_product", few_rows_kernel<T, W, kOutTiles, kRowTiles, kAhead>,
         {.blocks = ceil_div(task.outputs, per_block),
          .threads = kProductWarps * kWarp,
          .shared_bytes = kProductWarps * kOutputs * kRows * sizeof(float),
          .early = true},
         stream, task);
}

}  // namespace

template <class T, class W>
void multiply(const FewRowsProduct<T, W>& task, Stream& stream) {
  // Up to here x is small beside the weights, and a block may read all of it.
  constexpr int kRowsOfOneBlock = 4;
  if (task.rows > kRowsOfOneBlock && fits_clusters(task, stream)) return multiply_by_clusters(task, stream);
  multiply_by_blocks(task, stream);
}

template <class T, class W>
void multiply_by_blocks(const FewRowsProduct<T, W>& task, Stream& stream) {
  if (task.rows == 0) return;
  check_product(task);
  if (task.rows <= 8) return start<T, W, 1, 1, 4>(task, stream);
  if (task.rows <= 16) return start<T, W, 1, 2, 3>(task, stream);
  if (task.rows <= 32) return start<T, W, 2, 4, 2>(task, stream);
  start<T, W, 2, 8, 1>(task, stream);
}

template void multiply(const FewRowsProduct<Bf16, Bf16>&, Stream&);
template void multiply(const FewRowsProduct<F16, F16>&, Stream&);
template void multiply(const FewRowsProduct<Bf16, std::int8_t>&, Stream&);
template void multiply(const FewRowsProduct<F16, std::int8_t>&, Stream&);
template void multiply_by_blocks(const FewRowsProduct<Bf16, Bf16>&, Stream&);
template void multiply_by_blocks(const FewRowsProduct<F16, F16>&, Stream&);
template void multiply_by_blocks(const FewRowsProduct<Bf16, std::int8_t>&, Stream&);
template void multiply_by_blocks(const FewRowsProduct<F16, std::int8_t>&, Stream&);

KernelDemand product_demand(int rows, int inputs, int outputs, double weight_bytes_each, Finish finish) {
  const double matrices = finish == Finish::gate ? 2 : 1;
  const double weights = matrices * inputs * outputs;
  const double out_bytes = finish == Finish::gate ? 2 : finish == Finish::add ? 8 : 4;
  return {.bytes = weights * weight_bytes_each + 2.0 * rows * inputs + out_bytes * rows * outputs,
          .flops = 2.0 * rows * weights};
}

}  // namespace speclab
