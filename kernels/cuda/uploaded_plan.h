#pragma once

#include <array>
#include <span>
#include <vector>

#include "kernels/cuda/packed_upload.h"
#include "kernels/cuda/page_pool.h"
#include "kernels/cuda/pass_part.h"
#include "kernels/llama/pass_plan.h"

namespace speclab {

// Pages by sequence, in rows of equal length, for a packed upload.
class PageTable {
 public:
  void fit(std::span<CudaSequence* const> sequences);  // rows become longer where they have to
  int stride() const { return stride_; }
  // `to` has (sequences, stride).
  void write(std::span<CudaSequence* const> sequences, int* to) const;

 private:
  int stride_ = 16;
};

// A pass's plan in device memory, cut into parts, sent with one copy.
class UploadedPlan {
 public:
  // Lays out a plan and sends it. A pass of one part gets sizes rounded up, so that few sizes occur.
  // `sequences` belong to the slices.
  void send(const PassPlan& plan, std::span<CudaSequence* const> sequences, const LlamaConfig& config,
            Stream& stream);

  const std::vector<PassPart>& parts() const { return parts_; }
  // As long as it is the same, parts of one size have the same pointers and strides. It only grows.
  int moves() const { return upload_.moves() + table_.stride(); }
  int max_partials() const { return max_partials_; }  // AttentionPlan::parts, the most of a part
  int positions() const { return positions_; }        // that occur
  // See PartFlags.
  const std::int32_t* not_finite() const { return upload_.device(not_finite_); }

 private:
  struct Sections {
    PackedUpload::At<std::int32_t> tokens;
    PackedUpload::At<RowPlace> places;
    PackedUpload::At<int> asked;
    struct Attention {
      PackedUpload::At<AttendRow> rows;
      PackedUpload::At<int> order;
      PackedUpload::At<AttendItem> items;
      PackedUpload::At<int> counts;
    };
    std::array<Attention, 2> attention;
  };
  void plan_attention(const PassPlan& plan, const LlamaConfig& config);
  Sections add_sections(const PartSize& size);
  PassPart::Attention fill(const AttentionPlan& plan, const Sections::Attention& at);
  PassPart fill(const PassPlan& plan, std::size_t part, const PartSize& size, const Sections& at);

  PackedUpload upload_;
  PackedUpload::At<std::int32_t> not_finite_;
  PageTable table_;
  std::vector<PassPart> parts_;
  int max_partials_ = 0, positions_ = 0;
  // Reused.
  std::vector<AttendRow> attend_;
  std::size_t kinds_ = 1;                                // of plans of attention: see PassPart
  std::vector<std::array<AttentionPlan, 2>> attention_;  // by part
  std::vector<PartSize> sizes_;
  std::vector<Sections> sections_;
};

}  // namespace speclab
