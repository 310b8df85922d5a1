#include "kernels/cuda/cache_address.h"
#include "kernels/cuda/early_start.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/shared_memory.h"
#include "kernels/cuda/tensor_core.h"
#include "kernels/cuda/tree_attention.h"
#include "kernels/cuda/warp.h"

namespace speclab {
namespace {

constexpr int kWarps = 4;
constexpr int kTile = TreeAttention<Bf16>::kTile, kChunk = TreeAttention<Bf16>::kChunk;
constexpr float kUnseen = -INFINITY;

__device__ inline float finite_or_zero(float largest) { return largest == kUnseen ? 0.0f : largest; }

// The i-th of eight numbers of each of two loads, side by side.
template <class T>
__device__ std::uint32_t column_pair(const uint4& first, const uint4& second, int i) {
  const std::uint32_t a = word_of(first, i / 2), b = word_of(second, i / 2);
  return i % 2 == 0 ? pack(low_half<T>(a), low_half<T>(b)) : pack(high_half<T>(a), high_half<T>(b));
}

// One query and head of the tile. Rows that the tile lacks see no key.
struct TileRow {
  int row = 0, head = 0;
  int keys = 0, first = 0;
  bool exists = false;
};

// What a block adds up, apart for each warp: the largest score, the sum of weights, and the weighted values,
// all of the tile's rows.
struct WarpParts {
  float* base;
  int head_dim;
  __device__ float& largest(int warp, int r) const { return base[(warp * kTile + r) * (head_dim + 2)]; }
  __device__ float& weight(int warp, int r) const { return base[(warp * kTile + r) * (head_dim + 2) + 1]; }
  __device__ float& sum(int warp, int r, int i) const {
    return base[(warp * kTile + r) * (head_dim + 2) + 2 + i];
  }
};

template <class T>
struct Tile {
  const TreeAttention<T>& task;
  AttendItem item;
  int kv_head, first_head, tile_heads;  // heads of the tile, within those that share the key head

  __device__ Tile(const TreeAttention<T>& given) : task(given), item(given.items[blockIdx.x]) {
    const int group = task.heads / task.cache.kv_heads;
    const int tiles = (group + kTile - 1) / kTile;
    kv_head = static_cast<int>(blockIdx.y) / tiles;
    first_head = kv_head * group + static_cast<int>(blockIdx.y) % tiles * kTile;
    tile_heads = min(kTile, (kv_head + 1) * group - first_head);
  }

  __device__ TileRow row(int r) const {
    const int query = r / tile_heads;
    if (query >= item.rows || query * tile_heads + tile_heads > kTile) return {};
    const int index = task.order[item.begin + query];
    const AttendRow& row = task.rows[index];
    return {index, first_head + r % tile_heads, row.keys(), row.first, true};
  }

  // Where the head of a key begins in the cache.
  __device__ std::size_t key_at(const AttendRow& leader, int v) const {
    const int slot = v < leader.text || item.rows > 1 ? v : task.paths[leader.path_begin + v - leader.text];
    return cache_at(task.cache, leader.sequence, slot, kv_head);
  }
};

// kSets: of 64 numbers of a head.
template <class T, int kSets>
__global__ void __launch_bounds__(kWarps* kWarp, 3) tree_attention_kernel(TreeAttention<T> task) {
  follow_previous();
  if (task.counts && static_cast<int>(blockIdx.x) >= task.counts[0]) return;
  const Tile<T> tile(task);
  const int d = padded8(task.cache.head_dim);
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  const int g = lane / 4, t = lane % 4;
  const AttendRow leader = task.rows[task.order[tile.item.begin]];
  const TileRow mine[2] = {tile.row(g), tile.row(g + 8)};

  // Numbers 8t .. 8t + 7 of every 32 of the lane's two queries; keys are read in the same order. All warps
  // use the same, and registers are short: (kSteps, 2, lanes) in shared memory.
  constexpr int kSteps = 2 * kSets;
  uint4* queries = &shared_as<uint4>();
  for (int i = warp; i < 2 * kSteps; i += kWarps) {
    const TileRow& row = mine[i % 2];
    const int k = 32 * (i / 2) + 8 * t;
    const T* query = task.queries + (static_cast<std::size_t>(row.row) * task.heads + row.head) * d;
    queries[i * kWarp + lane] = row.exists && k < d ? load16(query + k) : uint4{0, 0, 0, 0};
  }
  __syncthreads();

  const float to_exponent = task.scale * 1.44269504f;
  float largest[2] = {kUnseen, kUnseen}, weight[2] = {0, 0};
  float sums[kSets][8][4] = {};
  for (int key = tile.item.key_begin + warp * kChunk; key < tile.item.key_end; key += kWarps * kChunk) {
    uint4 values[kSets][4];  // of keys 2t, 2t + 1, 2t + 8, 2t + 9: numbers 8g .. 8g + 7 of each set
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int v = key + 2 * t + i % 2 + i / 2 * 8;
      const bool there = v < tile.item.key_end;
      const T* value = task.cache.values + (there ? tile.key_at(leader, v) : 0);
#pragma unroll
      for (int set = 0; set < kSets; ++set) {
        const int k = 64 * set + 8 * g;
        values[set][i] = there && k < d ? load16(value + k) : uint4{0, 0, 0, 0};
      }
    }

    float scores[2][4] = {};  // of keys 8u + 2t and the next: row g, then row g + 8
#pragma unroll
    for (int u = 0; u < 2; ++u) {
      const int v = key + 8 * u + g;
      const bool there = v < tile.item.key_end;
      const T* from = task.cache.keys + (there ? tile.key_at(leader, v) : 0);
#pragma unroll
      for (int j = 0; j < kSteps; ++j) {
        const int k = 32 * j + 8 * t;
        const uint4 part = there && k < d ? load16(from + k) : uint4{0, 0, 0, 0};
        const uint4 low = queries[2 * j * kWarp + lane], high = queries[(2 * j + 1) * kWarp + lane];
#pragma unroll
        for (int i = 0; i < 4; i += 2) {
          const std::uint32_t a[4] = {word_of(low, i), word_of(high, i), word_of(low, i + 1),
                                      word_of(high, i + 1)};
          multiply_add<T>(scores[u], a, word_of(part, i), word_of(part, i + 1));
        }
      }
    }

    std::uint32_t weights[4];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float most = largest[half];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int v = key + i / 2 * 8 + 2 * t + i % 2;
        float& score = scores[i / 2][2 * half + i % 2];
        if (v >= mine[half].keys || v < mine[half].first) score = kUnseen;
        most = fmaxf(most, score);
      }
      most = fmaxf(most, __shfl_xor_sync(kAllLanes, most, 1));
      most = fmaxf(most, __shfl_xor_sync(kAllLanes, most, 2));
      const float shift = finite_or_zero(most);
      const float shrink = exp2f((largest[half] - shift) * to_exponent);
      largest[half] = most;
      weight[half] *= shrink;
#pragma unroll
      for (int u = 0; u < 2; ++u) {
        const float first = exp2f((scores[u][2 * half] - shift) * to_exponent);
        const float second = exp2f((scores[u][2 * half + 1] - shift) * to_exponent);
        weight[half] += first + second;
        weights[2 * u + half] = pack_floats<T>(first, second);
      }
#pragma unroll
      for (int set = 0; set < kSets; ++set) {
#pragma unroll
        for (int c = 0; c < 8; ++c) {
          sums[set][c][2 * half] *= shrink;
          sums[set][c][2 * half + 1] *= shrink;
        }
      }
    }
#pragma unroll
    for (int set = 0; set < kSets; ++set) {
#pragma unroll
      for (int c = 0; c < 8; ++c) {
        multiply_add<T>(sums[set][c], weights, column_pair<T>(values[set][0], values[set][1], c),
                        column_pair<T>(values[set][2], values[set][3], c));
      }
    }
  }

  __syncthreads();  // the queries' memory is used again
  const WarpParts parts{&shared_as<float>(), d};
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int r = g + 8 * half;
    weight[half] += __shfl_xor_sync(kAllLanes, weight[half], 1);
    weight[half] += __shfl_xor_sync(kAllLanes, weight[half], 2);
    if (t == 0) {
      parts.largest(warp, r) = largest[half];
      parts.weight(warp, r) = weight[half];
    }
#pragma unroll
    for (int set = 0; set < kSets; ++set) {
#pragma unroll
      for (int i = 0; i < 16; ++i) {  // column 2t or 2t + 1 of product c is number 8 column + c
        const int c = i % 8, k = 64 * set + 8 * (2 * t + i / 8) + c;
        if (k < d) parts.sum(warp, r, k) = sums[set][c][2 * half + i / 8];
      }
    }
  }
  __syncthreads();
  for (int r = warp; r < kTile; r += kWarps) {
    const TileRow row = tile.row(r);
    if (!row.exists) continue;
    float most = kUnseen, total = 0;
    for (int w = 0; w < kWarps; ++w) most = fmaxf(most, parts.largest(w, r));
    float factor[kWarps];
    for (int w = 0; w < kWarps; ++w) {
      factor[w] = exp2f((parts.largest(w, r) - finite_or_zero(most)) * to_exponent);
      total += factor[w] * parts.weight(w, r);
    }
    const std::size_t part =
        static_cast<std::size_t>(task.rows[row.row].part_begin + tile.item.part) * task.heads + row.head;
    if (lane == 0) {
      task.part_statistics[2 * part] = most;
      task.part_statistics[2 * part + 1] = total;
    }
    for (int i = lane; i < d; i += kWarp) {
      float sum = 0;
      for (int w = 0; w < kWarps; ++w) sum += factor[w] * parts.sum(w, r, i);
      task.part_sums[part * d + i] = sum;
    }
  }
}

// A warp adds the parts of one row and head, in their order.
template <class T>
__global__ void __launch_bounds__(kWarps* kWarp) merge_kernel(TreeAttention<T> task) {
  follow_previous();
  const int n = static_cast<int>(blockIdx.x), lane = static_cast<int>(threadIdx.x) % kWarp;
  const int head = static_cast<int>(blockIdx.y) * kWarps + static_cast<int>(threadIdx.x) / kWarp;
  if (head >= task.heads || (task.counts && n >= task.counts[1])) return;
  const int head_dim = task.cache.head_dim, d = padded8(head_dim), parts = task.rows[n].parts;
  const float to_exponent = task.scale * 1.44269504f;
  const std::size_t first = static_cast<std::size_t>(task.rows[n].part_begin) * task.heads + head;
  const float* statistics = task.part_statistics + 2 * first;
  float most = kUnseen;
  for (int p = 0; p < parts; ++p)
    most = fmaxf(most, statistics[2 * static_cast<std::size_t>(p) * task.heads]);
  float total = 0, sums[TreeAttention<T>::kLargestHead / kWarp] = {};
  for (int p = 0; p < parts; ++p) {
    const std::size_t at = static_cast<std::size_t>(p) * task.heads;
    const float factor = exp2f((statistics[2 * at] - most) * to_exponent);
    total += factor * statistics[2 * at + 1];
    const float* part = task.part_sums + (first + at) * d;
#pragma unroll
    for (int i = 0; i < TreeAttention<T>::kLargestHead / kWarp; ++i) {
      const int k = lane + i * kWarp;
      if (k < d) sums[i] += factor * part[k];
    }
  }
  T* out = task.out + static_cast<std::size_t>(n) * padded16(task.heads * head_dim) + head * head_dim;
#pragma unroll
  for (int i = 0; i < TreeAttention<T>::kLargestHead / kWarp; ++i) {
    const int k = lane + i * kWarp;
    if (k < head_dim) out[k] = number_of<T>(sums[i] / total);
  }
}

}  // namespace

template <class T>
void tree_attention(const TreeAttention<T>& task, Stream& stream) {
  if (task.row_count == 0) return;
  const int d = padded8(task.cache.head_dim), group = task.heads / task.cache.kv_heads;
  require(d <= TreeAttention<T>::kLargestHead, "tree_attention", "head_dim is at most 128");
  require(task.heads == group * task.cache.kv_heads, "tree_attention", "heads are a multiple of kv_heads");
  const Grid grid{dim3(task.item_count, task.cache.kv_heads * ceil_div(group, kTile)), kWarps * kWarp,
                  kWarps * kTile * (d + 2) * sizeof(float), true};
  launch("tree_attention", d <= 64 ? tree_attention_kernel<T, 1> : tree_attention_kernel<T, 2>, grid, stream,
         task);
  launch("merge_attention", merge_kernel<T>,
         {dim3(task.row_count, ceil_div(task.heads, kWarps)), kWarps * kWarp, 0, true}, stream, task);
}

template void tree_attention(const TreeAttention<Bf16>&, Stream&);
template void tree_attention(const TreeAttention<F16>&, Stream&);

KernelDemand tree_attention_demand(double rows, double keys, double pairs, int heads, int kv_heads,
                                   int head_dim) {
  return {.bytes = 4.0 * keys * kv_heads * head_dim + 4.0 * rows * heads * head_dim,
          .flops = 4.0 * pairs * heads * head_dim};
}

}  // namespace speclab
