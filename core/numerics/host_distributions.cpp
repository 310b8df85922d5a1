#include "core/numerics/host_distributions.h"

#include <algorithm>
#include <numeric>

#include "core/numerics/softmax.h"

namespace speclab {

void HostDistributions::forget() { block_ = used_ = 0; }

std::span<double> HostDistributions::new_row(int cols) {
  const auto size = static_cast<std::size_t>(cols);
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const std::size_t room = std::max<std::size_t>(size, 1 << 14);
    blocks_.push_back({std::make_unique<double[]>(room), room});
    used_ = 0;
  }
  const std::span<double> row(blocks_[block_].values.get() + used_, size);
  used_ += size;
  return row;
}

void HostDistributions::probabilities(std::span<const Softmax> questions, std::vector<Row>& answers) {
  for (const Softmax& q : questions) {
    const std::span<double> row = new_row(q.logits.cols);
    softmax(q.logits.f32(), q.sampling, row);
    answers.push_back({row.data(), q.logits.cols, Place::host, Scalar::f64});
  }
}

void HostDistributions::likeliest(std::span<const Pick> questions, std::vector<Token>& answers) {
  for (const Pick& q : questions) {
    const std::span<const float> logits = q.logits.f32();
    if (q.count == 1) {
      answers.push_back(argmax(logits));
      continue;
    }
    order_.resize(logits.size());
    std::iota(order_.begin(), order_.end(), 0);
    std::ranges::partial_sort(order_, order_.begin() + q.count, [&](Token a, Token b) {
      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
    });
    answers.insert(answers.end(), order_.begin(), order_.begin() + q.count);
  }
}

void HostDistributions::gather(std::span<const Entry> questions, std::vector<double>& answers) {
  for (const Entry& q : questions) answers.push_back(q.probabilities.f64()[q.token]);
}

void HostDistributions::draw(std::span<const Draws> questions, std::vector<Token>& answers,
                             std::vector<int>& drawn) {
  for (const Draws& q : questions) {
    const std::span<const double> row = q.probabilities.f64();
    if (q.put_back || q.count == 1) {
      for (int i = 0; i < q.count; ++i) answers.push_back(q.chance->categorical(row));
      drawn.push_back(q.count);
      continue;
    }
    left_.assign(row.begin(), row.end());
    int count = 0;
    for (bool more = true; more && count < q.count; ++count) {
      const Token token = q.chance->categorical(left_);
      answers.push_back(token);
      more = take_out(left_, token) > 0;
    }
    drawn.push_back(count);
  }
}

}  // namespace speclab
