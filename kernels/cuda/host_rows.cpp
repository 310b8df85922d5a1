#include "kernels/cuda/host_rows.h"

namespace speclab {

const Forward& HostRows::forward(std::span<const Slice> batch) {
  const Forward& read = rows_.read(inner_->forward(batch), *inner_->stream());
  inner_->finish();
  return read;
}

const Forward& HostHeadRows::forward(std::span<const Question> questions) {
  const Forward& read = rows_.read(inner_->forward(questions), *inner_->stream());
  inner_->finish();
  return read;
}

const Forward& HostFeatureRows::forward(std::span<const Slice> batch) {
  const Forward& read = rows_.read(inner_->forward(batch), *inner_->stream());
  inner_->finish();
  return read;
}

}  // namespace speclab
