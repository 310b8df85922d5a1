#include "kernels/cuda/uploaded_plan.h"

#include <algorithm>
#include <bit>

#include "kernels/cuda/part_flags.h"
#include "kernels/cuda/rounded_rows.h"

namespace speclab {
namespace {

constexpr std::size_t kMax = PassPart::kMaxRows;

std::span<const PassRow> rows_of(const PassPlan& plan, std::size_t part) {
  const std::span<const PassRow> all = plan.rows;
  return all.subspan(part * kMax, std::min(kMax, all.size() - part * kMax));
}

int power_of_two(std::size_t count, unsigned min) {
  return static_cast<int>(std::bit_ceil(std::max(static_cast<unsigned>(count), min)));
}

}  // namespace

void PageTable::fit(std::span<CudaSequence* const> sequences) {
  std::size_t max = 0;
  for (const CudaSequence* sequence : sequences) max = std::max(max, sequence->cache->pages.size());
  if (max > static_cast<std::size_t>(stride_)) stride_ = power_of_two(max, 16);
}

void PageTable::write(std::span<CudaSequence* const> sequences, int* to) const {
  for (const CudaSequence* sequence : sequences) {
    std::ranges::copy(sequence->cache->pages, to);
    to += stride_;
  }
}

void UploadedPlan::plan_attention(const PassPlan& plan, const LlamaConfig& config) {
  const std::size_t parts = (plan.rows.size() + kMax - 1) / kMax;
  if (attention_.size() < parts) attention_.resize(parts);
  max_partials_ = positions_ = 0;
  kinds_ = config.mixes_windows() ? 2 : 1;
  for (std::size_t part = 0; part < parts; ++part) {
    for (std::size_t kind = 0; kind < kinds_; ++kind) {
      const int window = kind == 0 ? config.widest_window() : config.sliding_window;
      attend_.clear();
      for (const PassRow& row : rows_of(plan, part)) {
        attend_.push_back({.sequence = 1 + row.slice,
                           .text = row.text,
                           .first = window > 0 ? std::max(0, row.position + 1 - window) : 0,
                           .path_begin = row.path_begin,
                           .path_length = row.path_length});
        positions_ = std::max(positions_, row.position + 1);
      }
      AttentionPlan& made = attention_[part][kind];
      make_attention_plan(attend_, config.heads, config.kv_heads, made);
      max_partials_ = std::max(max_partials_, made.parts);
    }
  }
}

UploadedPlan::Sections UploadedPlan::add_sections(const PartSize& size) {
  const std::size_t rows = static_cast<std::size_t>(size.rows);
  Sections at{.tokens = upload_.add<std::int32_t>(rows),
              .places = upload_.add<RowPlace>(rows),
              .asked = upload_.add<int>(static_cast<std::size_t>(size.asked)),
              .attention = {}};
  for (std::size_t kind = 0; kind < kinds_; ++kind) {
    at.attention[kind] = {.rows = upload_.add<AttendRow>(rows),
                          .order = upload_.add<int>(rows),
                          .items = upload_.add<AttendItem>(static_cast<std::size_t>(size.items[kind])),
                          .counts = upload_.add<int>(2)};
  }
  return at;
}

void UploadedPlan::send(const PassPlan& plan, std::span<CudaSequence* const> sequences,
                        const LlamaConfig& config, Stream& stream) {
  plan_attention(plan, config);
  const std::size_t parts = (plan.rows.size() + kMax - 1) / kMax;
  sizes_.clear();
  for (std::size_t part = 0; part < parts; ++part) {
    const auto rows = rows_of(plan, part);
    const int asked = static_cast<int>(std::ranges::count_if(rows, &PassRow::asked));
    PartSize size{.rows = static_cast<int>(rows.size()),
                  .asked = asked,
                  .paths = static_cast<int>(plan.paths.size()),
                  .scores = plan.scores};
    for (std::size_t kind = 0; kind < kinds_; ++kind) {
      const std::size_t items = attention_[part][kind].items.size();
      size.items[kind] = parts == 1 ? power_of_two(items, 16) : static_cast<int>(items);
    }
    if (parts == 1) {
      size.rows = rounded_rows(size.rows);
      size.asked = asked == 0 ? 0 : rounded_rows(asked);
      size.paths = power_of_two(plan.paths.size(), 64);
    }
    sizes_.push_back(size);
  }
  upload_.begin();
  not_finite_ = upload_.add<std::int32_t>(parts);
  sections_.clear();
  for (const PartSize& size : sizes_) sections_.push_back(add_sections(size));
  const auto paths = upload_.add<int>(parts == 0 ? 0 : static_cast<std::size_t>(sizes_[0].paths));
  table_.fit(sequences);
  const std::size_t stride = static_cast<std::size_t>(table_.stride());
  const auto table = upload_.add<int>((1 + sequences.size()) * stride);
  upload_.lay_out();

  std::fill_n(upload_.host(not_finite_), parts, PartFlags::kSound);
  std::ranges::copy(plan.paths, upload_.host(paths));
  table_.write(sequences, upload_.host(table) + stride);
  parts_.clear();
  int asked_before = 0;
  for (std::size_t part = 0; part < parts; ++part) {
    PassPart filled = fill(plan, part, sizes_[part], sections_[part]);
    filled.paths = upload_.device(paths);
    filled.table = upload_.device(table);
    filled.table_stride = table_.stride();
    filled.asked_before = asked_before;
    asked_before += static_cast<int>(std::ranges::count_if(rows_of(plan, part), &PassRow::asked));
    parts_.push_back(filled);
  }
  upload_.send(stream);
}

PassPart::Attention UploadedPlan::fill(const AttentionPlan& plan, const Sections::Attention& at) {
  std::ranges::copy(plan.rows, upload_.host(at.rows));
  std::ranges::copy(plan.order, upload_.host(at.order));
  std::ranges::copy(plan.items, upload_.host(at.items));
  int* counts = upload_.host(at.counts);
  counts[0] = static_cast<int>(plan.items.size());
  counts[1] = static_cast<int>(plan.rows.size());
  return {.rows = upload_.device(at.rows),
          .order = upload_.device(at.order),
          .items = upload_.device(at.items),
          .counts = upload_.device(at.counts)};
}

PassPart UploadedPlan::fill(const PassPlan& plan, std::size_t part, const PartSize& size,
                            const Sections& at) {
  std::int32_t* token = upload_.host(at.tokens);
  RowPlace* place = upload_.host(at.places);
  int* asked = upload_.host(at.asked);
  int* const asked_end = asked + size.asked;
  int index = 0;
  for (const PassRow& row : rows_of(plan, part)) {
    *token++ = row.token;
    *place++ = {.sequence = 1 + row.slice, .slot = row.slot, .position = row.position};
    if (row.asked) *asked++ = index;
    ++index;
  }
  if (size.asked > 0) std::fill(asked, asked_end, asked[-1]);
  PassPart filled{.tokens = upload_.device(at.tokens),
                  .places = upload_.device(at.places),
                  .asked = upload_.device(at.asked),
                  .attention = {},
                  .not_finite = upload_.device(not_finite_) + part,
                  .size = size};
  for (std::size_t kind = 0; kind < kinds_; ++kind)
    filled.attention[kind] = fill(attention_[part][kind], at.attention[kind]);
  return filled;
}

}  // namespace speclab
