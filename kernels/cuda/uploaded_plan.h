#pragma once

#include <span>
#include <vector>

#include "kernels/cuda/page_pool.h"
#include "kernels/cuda/pass_part.h"
#include "kernels/llama/pass_plan.h"

namespace speclab {

// A pass's plan in device memory, cut into parts, sent with one copy.
class UploadedPlan {
 public:
  // Lays out a plan and sends it. Parts that may be captured get sizes rounded up, so that few sizes occur.
  // `sequences` belong to the slices. The result is whether pointers of earlier parts of the same size moved.
  bool send(const PassPlan& plan, std::span<CudaSequence* const> sequences, const LlamaConfig& config, Stream& stream);

  const std::vector<PassPart>& parts() const { return parts_; }
  int most_partials() const { return most_partials_; }    // AttentionPlan::parts, the most of a part
  int positions() const { return positions_; }            // that occur
  // For copying back: one word a part, kNone where all logits were finite.
  static constexpr std::int32_t kNone = 0x7FFFFFFF;
  const std::int32_t* not_finite() const { return reinterpret_cast<const std::int32_t*>(device_.data()); }

 private:
  struct Sections;
  Sections lay_out(const PartSize& size);
  void plan_attention(const PassPlan& plan, const LlamaConfig& config);
  void fill(const PassPlan& plan, std::size_t part, const Sections& at);

  std::vector<AttendRow> attend_;         // reused
  std::vector<AttentionPlan> attention_;  // by part
  std::vector<PassPart> parts_;
  std::vector<Sections> sections_;
  std::size_t end_ = 0;  // of the layout so far
  int most_partials_ = 0, positions_ = 0, table_stride_ = 16;
  PinnedBuffer<std::byte> host_;
  DeviceBuffer<std::byte> device_;
  Event sent_;
};

}  // namespace speclab
