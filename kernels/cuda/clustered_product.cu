#include <algorithm>

#include "kernels/cuda/cluster.h"
#include "kernels/cuda/clustered_product.h"
#include "kernels/cuda/early_start.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/product_tile.h"

namespace speclab {
namespace {

constexpr int kCluster = kProductParts;
constexpr int kPieces = kChunk * 2 / 16;  // of 16 bytes, of a row's chunk

// Sums in shared memory are (outputs, rows), rows so far apart that the lanes of a warp write to different
// banks.
__host__ __device__ constexpr int padded_rows(int rows) { return (rows + 31) / 32 * 32 + 8; }

// A part of x in shared memory: (chunks, rows, kPieces), pieces of every other row swapped, so that what a
// warp reads at once lies in different banks.
template <class W>
__device__ int place_of(int row, int piece) {
  return row * kPieces + (piece ^ (row % 2 == 0 ? 0 : sizeof(W) == 1 ? 1 : kPieces / 2));
}

int chunks_of_part(int inputs) {
  return static_cast<int>(ceil_div(padded16(inputs), kProductParts * kChunk));
}

// A warp takes kOutTiles tiles of 16 outputs, all kRowTiles tiles of 8 rows, and its block's part of k.
template <class T, class W, int kOutTiles, int kRowTiles, int kAhead, int kBlocks>
__global__ void __launch_bounds__(kProductWarps* kWarp, kBlocks)
    clustered_kernel(FewRowsProduct<T, W> task, int chunks) {
  let_next_begin();
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  const int g = lane / 4, t = lane % 4, rank = cluster_rank();
  const int width = width_of(task.inputs, sizeof(W)), x_width = padded16(task.inputs);
  constexpr int kTiles = kProductWarps * kOutTiles, kOutputs = kTiles * kTileOut,
                kRows = kRowTiles * kTileRows;
  const int block_outputs = task.finish == Finish::gate ? kOutputs / 2 : kOutputs;
  const int first_output = static_cast<int>(blockIdx.x) / kCluster * block_outputs;
  const auto k_of = [&](int chunk) { return (rank + chunk * kProductParts) * kChunk; };

  // The first weights come while what makes x still runs.
  WeightShare<T, W> weights[kAhead][kOutTiles];
  const auto load = [&](WeightShare<T, W>& share, int tile, int chunk) {
    const OutputRows<T, W> rows(task, first_output, warp * kOutTiles + tile, g);
    share.load(rows.first, rows.second, k_of(chunk), t, width);
  };
#pragma unroll
  for (int d = 0; d < kAhead; ++d) {
#pragma unroll
    for (int m = 0; m < kOutTiles; ++m) load(weights[d][m], m, d);
  }
  wait_for_previous();

  uint4* x = &shared_as<uint4>();
  for (int i = static_cast<int>(threadIdx.x); i < chunks * kRows * kPieces; i += kProductWarps * kWarp) {
    const int piece = i % kPieces, row = i / kPieces % kRows, chunk = i / (kPieces * kRows);
    const int k = k_of(chunk) + 8 * piece;
    const bool there = row < task.rows && k < x_width;
    x[chunk * kRows * kPieces + place_of<W>(row, piece)] =
        there ? load16(task.x + static_cast<std::size_t>(row) * x_width + k) : uint4{0, 0, 0, 0};
  }
  __syncthreads();

  float sums[kOutTiles][kRowTiles][4] = {};
#pragma unroll 1
  for (int first = 0; first < chunks; first += kAhead) {
#pragma unroll
    for (int d = 0; d < kAhead; ++d) {
      const int chunk = first + d;
      if (chunk >= chunks) break;
#pragma unroll
      for (int n = 0; n < kRowTiles; ++n) {
        RowShare<W> row;
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          row.bits[i] = x[chunk * kRows * kPieces + place_of<W>(n * kTileRows + g, row.k_of(i, t) / 8)];
        }
#pragma unroll
        for (int m = 0; m < kOutTiles; ++m) add_chunk(sums[m][n], weights[d][m], row);
      }
#pragma unroll
      for (int m = 0; m < kOutTiles; ++m) load(weights[d][m], m, chunk + kAhead);
    }
  }

  __syncthreads();  // the memory of x is used again
  constexpr int kStride = padded_rows(kRows);
  float* parts = &shared_as<float>();
  float* own_parts = parts + warp * kOutTiles * kTileOut * kStride;
  each_sum(sums, g, t, [&](int j, int row, float sum) { own_parts[j * kStride + row] = sum; });
  cluster_barrier();
  // Each block finishes an eighth of the outputs, eight neighbours by four rows a warp at once.
  const int own = block_outputs / kCluster;
#pragma unroll 1
  for (int i = static_cast<int>(threadIdx.x); i < own * kRows; i += kProductWarps * kWarp) {
    const int row = i / 8 % kRows, within = rank * own + i / (8 * kRows) * 8 + i % 8;
    finish_product(task, row, first_output, within, [&](int j) {
      const float* part = parts + j * kStride + row;
      float sum = load_from_cluster(part, 0);
#pragma unroll
      for (int other = 1; other < kCluster; ++other) sum += load_from_cluster(part, other);
      return sum;
    });
  }
  cluster_stays();
}

template <class T, class W, int kOutTiles, int kRowTiles, int kAhead, int kBlocks>
struct Clustered {
  static constexpr int kOutputs = kProductWarps * kOutTiles * kTileOut, kRows = kRowTiles * kTileRows;

  static std::size_t shared_bytes(int inputs) {
    const std::size_t x = static_cast<std::size_t>(chunks_of_part(inputs)) * kRows * kChunk * 2;
    return std::max(x, std::size_t{kOutputs} * padded_rows(kRows) * sizeof(float));
  }
  static void start(const FewRowsProduct<T, W>& task, Stream& stream) {
    const int per_cluster = task.finish == Finish::gate ? kOutputs / 2 : kOutputs;
    launch("clustered_product", clustered_kernel<T, W, kOutTiles, kRowTiles, kAhead, kBlocks>,
           {.blocks = kCluster * ceil_div(task.outputs, per_cluster),
            .threads = kProductWarps * kWarp,
            .shared_bytes = shared_bytes(task.inputs),
            .early = true,
            .cluster = kCluster},
           stream, task, chunks_of_part(task.inputs));
  }
};

// Calls `use` with the kernel for so many rows.
template <class T, class W, class Use>
auto with_kernel(int rows, const Use& use) {
  if (rows <= 8) return use(Clustered<T, W, 1, 1, 4, 2>{});
  if (rows <= 16) return use(Clustered<T, W, 1, 2, 4, 2>{});
  if (rows <= 32) return use(Clustered<T, W, 1, 4, 2, 2>{});
  return use(Clustered<T, W, 2, 8, 2, 1>{});
}

}  // namespace

template <class T, class W>
bool fits_clusters(const FewRowsProduct<T, W>& task, const Stream& stream) {
  return stream.has_clusters() && with_kernel<T, W>(task.rows, [&](auto kernel) {
           return kernel.shared_bytes(task.inputs) <= stream.max_shared_bytes();
         });
}

template <class T, class W>
void multiply_by_clusters(const FewRowsProduct<T, W>& task, Stream& stream) {
  if (task.rows == 0) return;
  check_product(task);
  require(fits_clusters(task, stream), "clustered_product", "a part of x fits in shared memory");
  with_kernel<T, W>(task.rows, [&](auto kernel) { kernel.start(task, stream); });
}

#define SPECLAB_FOR(T, W)                                                  \
  template bool fits_clusters(const FewRowsProduct<T, W>&, const Stream&); \
  template void multiply_by_clusters(const FewRowsProduct<T, W>&, Stream&);
SPECLAB_FOR(Bf16, Bf16)
SPECLAB_FOR(F16, F16)
SPECLAB_FOR(Bf16, std::int8_t)
SPECLAB_FOR(F16, std::int8_t)
#undef SPECLAB_FOR

}  // namespace speclab
