#include "kernels/cuda/rows_on_host.h"

namespace speclab {

const Forward& RowsOnHost::read(const Forward& pass, Stream& stream) {
  forward_ = pass;
  Rows* const all[] = {&forward_.logits, &forward_.hidden, &forward_.tapped};
  const auto size = [](const Rows& rows) {
    return rows.data ? static_cast<std::size_t>(rows.count) * static_cast<std::size_t>(rows.cols) : 0;
  };
  std::size_t total = 0;
  for (const Rows* rows : all) total += size(*rows);
  if (total > values_.size()) values_.require(total + total / 2, "rows on the host");
  float* to = values_.data();
  for (Rows* rows : all) {
    rows->place = Place::host;
    if (!rows->data) continue;
    const std::size_t count = size(*rows);
    copy_bytes(to, rows->data, count * sizeof(float), stream);
    rows->data = to;
    to += count;
  }
  stream.wait();
  return forward_;
}

}  // namespace speclab
