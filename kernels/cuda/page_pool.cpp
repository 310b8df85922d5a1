#include "kernels/cuda/page_pool.h"

#include <algorithm>
#include <numeric>

namespace speclab {

PagePool::PagePool(const LlamaConfig& config, int positions, Stream& stream)
    : layers_(config.layers), kv_heads_(config.kv_heads), head_dim_(config.head_dim), stream_(stream) {
  grow(1 + pages_for(positions));
}

void PagePool::grow(int pages) {
  Memory larger(Memory::Place::device, 2 * static_cast<std::size_t>(layers_) * plane_bytes(pages),
                "keys and values of all sequences");
  fill_bytes(larger.data(), 0, larger.bytes(), stream_);  // whole pages are copied, however full
  for (int i = 0; i < 2 * layers_ && pages_ > 0; ++i) {
    copy_bytes(static_cast<std::byte*>(larger.data()) + static_cast<std::size_t>(i) * plane_bytes(pages),
               plane(i), plane_bytes(pages_), stream_);
  }
  stream_.wait();
  ++moves_;
  for (int page = pages - 1; page >= std::max(pages_, 1); --page) free_.push_back(page);
  pages_ = pages;
  memory_ = std::move(larger);
}

void PagePool::reserve(int pages) {
  const int lacking = pages - static_cast<int>(free_.size());
  if (lacking > 0) grow(std::max(pages_ + lacking, pages_ + pages_ / 2));
}

int PagePool::take() {
  const int page = free_.back();
  free_.pop_back();
  return page;
}

}  // namespace speclab
