#include "tests/gpu/host_rows.h"

namespace speclab {

const Forward& CopiedRows::read(const Forward& pass, Stream& stream) {
  forward_ = pass;
  Rows* const all[] = {&forward_.logits, &forward_.hidden, &forward_.tapped};
  const auto numbers = [](const Rows& rows) {
    return rows.data ? static_cast<std::size_t>(rows.count) * static_cast<std::size_t>(rows.cols) : 0;
  };
  std::size_t total = 0;
  for (const Rows* rows : all) total += numbers(*rows);
  values_.resize(total);
  float* to = values_.data();
  for (Rows* rows : all) {
    rows->place = Place::host;
    const std::size_t count = numbers(*rows);
    if (count == 0) continue;
    copy_bytes(to, rows->data, count * sizeof(float), stream);
    rows->data = to;
    to += count;
  }
  stream.wait();
  return forward_;
}

const Forward& HostHeadRows::forward(std::span<const Question> questions) {
  const Forward& read = rows_.read(inner_->forward(questions), *inner_->stream());
  inner_->finish();
  return read;
}

}  // namespace speclab
