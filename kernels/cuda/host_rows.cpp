#include "kernels/cuda/host_rows.h"

namespace speclab {

const Forward& HostRows::forward(std::span<const Slice> batch) {
  rows_.reserve(PassPlan::asked_of(batch) * static_cast<std::size_t>(inner_->row_numbers()));
  const Forward& read = rows_.read(inner_->forward(batch), offers_hidden_, *inner_->stream());
  inner_->finish();
  return read;
}

const Forward& HostHeadRows::forward(std::span<const Question> questions) {
  rows_.reserve(questions.size() * static_cast<std::size_t>(vocab()));
  const Forward& read = rows_.read(inner_->forward(questions), false, *inner_->stream());
  inner_->finish();
  return read;
}

const Forward& HostFeatureRows::forward(std::span<const Slice> batch) {
  rows_.reserve(PassPlan::asked_of(batch) * static_cast<std::size_t>(vocab()));
  const Forward& read = rows_.read(inner_->forward(batch), false, *inner_->stream());
  inner_->finish();
  return read;
}

}  // namespace speclab
