#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "core/models/checkpoint/llama_config.h"
#include "kernels/cuda/paged_cache.h"
#include "kernels/cuda/runtime.h"
#include "kernels/llama/sequence_slots.h"

namespace speclab {

// The pages of all of a model's sequences, over all layers, in one piece of device memory. A page has one
// number in every layer. Page 0 belongs to no one: rows that only fill up a launch are written there.
class PagePool {
 public:
  // Rows of 16-bit numbers. Grows beyond `positions` where it has to, which moves everything.
  PagePool(const LlamaConfig& config, int positions, Stream& stream);

  void reserve(int pages);  // at least so many are free afterwards
  int take();
  void give_back(std::span<const int> pages) { free_.insert(free_.end(), pages.begin(), pages.end()); }

  // The table is the caller's.
  template <class T>
  PagedCache<T> layer(int index, const int* table, int table_stride) const {
    return {static_cast<T*>(plane(2 * index)),
            static_cast<T*>(plane(2 * index + 1)),
            table,
            table_stride,
            kv_heads_,
            head_dim_};
  }
  int layers() const { return layers_; }
  int moves() const { return moves_; }  // how often all went to other memory

 private:
  std::size_t plane_bytes(int pages) const { return 2 * cache_elements(pages, kv_heads_, head_dim_); }
  void* plane(int index) const {
    return static_cast<std::byte*>(memory_.data()) + static_cast<std::size_t>(index) * plane_bytes(pages_);
  }
  void grow(int pages);

  int layers_, kv_heads_, head_dim_;
  Stream& stream_;
  int pages_ = 0, moves_ = 0;
  std::vector<int> free_;
  Memory memory_;  // (layers, keys and values, pages, ...)
};

constexpr int pages_for(int slots) { return (slots + kPagePositions - 1) / kPagePositions; }

// The pages of one sequence, which an early exit shares with the whole model.
struct CachePages {
  explicit CachePages(std::shared_ptr<PagePool> of) : pool(std::move(of)) {}
  ~CachePages() { pool->give_back(pages); }
  CachePages(const CachePages&) = delete;
  CachePages& operator=(const CachePages&) = delete;

  int lacking(int slots) const { return std::max(0, pages_for(slots) - static_cast<int>(pages.size())); }
  void take(int slots) {  // what is lacking; the pool has reserved it
    while (lacking(slots) > 0) pages.push_back(pool->take());
  }

  std::shared_ptr<PagePool> pool;
  std::vector<int> pages;  // of slots 0 .. 63, 64 .. 127, ...
};

// What a model on the device knows of one sequence.
struct CudaSequence : SequenceSlots {
  explicit CudaSequence(std::shared_ptr<CachePages> pages) : cache(std::move(pages)) {}

  std::shared_ptr<CachePages> cache;
};

}  // namespace speclab
