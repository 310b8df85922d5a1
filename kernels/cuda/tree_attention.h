#pragma once

#include "kernels/cuda/attention_plan.h"
#include "kernels/cuda/kernel_demand.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/paged_cache.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

// out(n, h, :) = sum over row n's keys v of softmax(scale q(n, h) . key(v)) value(v). Query head h reads key
// head h / (heads / kv_heads). Keys are cut over blocks (flash decoding), each with its softmax's statistics,
// which a second launch merges [Dao et al. 2022, arXiv:2205.14135; Milakov and Gimelshein 2018,
// arXiv:1805.02867]. Weights are rounded to T before they meet the values; all sums are float.
template <class T>
struct TreeAttention {
  static constexpr int kTile = 16;   // queries times heads, of one block
  static constexpr int kChunk = 16;  // keys, of one turn of a warp
  static constexpr int kLargestHead = 128;

  const T* queries = nullptr;  // (rows, heads, padded8(head_dim)), zeros beyond
  PagedCache<T> cache;
  const AttendRow* rows = nullptr;  // with order, items and paths: an AttentionPlan in device memory
  const int* order = nullptr;
  const AttendItem* items = nullptr;
  const int* paths = nullptr;
  float* part_sums = nullptr;        // (parts, heads, padded8(head_dim))
  float* part_statistics = nullptr;  // (parts, heads, 2): largest score, sum of weights
  T* out = nullptr;                  // (rows, padded16(heads head_dim)); beyond the heads it stays as it is
  int row_count = 0;
  int item_count = 0;           // blocks of the launch; `counts` may make fewer of them work
  const int* counts = nullptr;  // (2): items and rows of this pass, read on the device; null: all. A graph
                                // that was captured for a bucket of sizes runs smaller passes with it.
  int heads = 0;
  float scale = 0;
};

// T: Bf16, F16; head_dim at most kLargestHead.
template <class T>
void tree_attention(const TreeAttention<T>& task, Stream& stream);

// `keys` is the sum over sequences of the cached positions that are read, `pairs` over rows of their keys.
KernelDemand tree_attention_demand(double rows, double keys, double pairs, int heads, int kv_heads,
                                   int head_dim);

}  // namespace speclab
