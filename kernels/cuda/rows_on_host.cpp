#include "kernels/cuda/rows_on_host.h"

namespace speclab {

void RowsOnHost::reserve(std::size_t count) {
  if (count > values_.size()) values_.require(count + count / 2, "rows on the host");
}

const Forward& RowsOnHost::read(const Forward& pass, bool hidden, Stream& stream) {
  forward_ = pass;
  if (!hidden) forward_.hidden = {};
  Rows* const all[] = {&forward_.logits, &forward_.hidden, &forward_.tapped};
  float* to = values_.data();
  for (Rows* rows : all) {
    rows->place = Place::host;
    if (!rows->data || rows->count == 0) continue;
    const std::size_t count = static_cast<std::size_t>(rows->count) * static_cast<std::size_t>(rows->cols);
    copy_bytes(to, rows->data, count * sizeof(float), stream);
    rows->data = to;
    to += count;
  }
  stream.wait();
  return forward_;
}

}  // namespace speclab
