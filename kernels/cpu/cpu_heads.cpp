#include "kernels/cpu/cpu_heads.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/llama/overflow.h"

namespace speclab {
namespace {

constexpr int kMaxRows = 64;  // at once

}  // namespace

CpuHeads::CpuHeads(HeadWeights weights, CpuOptions options)
    : weights_(std::move(weights)),
      team_(options.team ? std::move(options.team) : std::make_shared<ThreadTeam>()),
      arithmetic_(options.arithmetic ? *options.arithmetic : best_arithmetic()),
      asked_(weights_.heads.size()),
      embedded_(static_cast<std::size_t>(weights_.hidden)),
      ones_(static_cast<std::size_t>(weights_.hidden), 1.0f) {
  const std::size_t rows =
      static_cast<std::size_t>(kMaxRows) * static_cast<std::size_t>(padded(weights_.hidden));
  x_.require(rows);
  gate_.require(rows);
  answers_.require(static_cast<std::size_t>(kMaxRows) * static_cast<std::size_t>(weights_.vocab));
}

void CpuHeads::open(SequenceId sequence) {
  const bool fresh = rows_.try_emplace(sequence).second;
  SPECLAB_CHECK(fresh, "sequence {} is opened twice", static_cast<int>(sequence));
}

void CpuHeads::close(SequenceId sequence) {
  SPECLAB_CHECK(rows_.erase(sequence) == 1, "sequence {} is closed but not open", static_cast<int>(sequence));
}

const std::vector<float>& CpuHeads::remembered(SequenceId sequence) const {
  const auto found = rows_.find(sequence);
  SPECLAB_CHECK(found != rows_.end(), "sequence {} is not open", static_cast<int>(sequence));
  return found->second;
}

void CpuHeads::set_hidden(SequenceId sequence, Row hidden) {
  SPECLAB_CHECK(hidden.cols == weights_.hidden, "a hidden row of {} numbers, but heads read {}", hidden.cols,
                weights_.hidden);
  remembered(sequence);
  rows_[sequence].assign(hidden.f32().begin(), hidden.f32().end());
}

const Forward& CpuHeads::forward(std::span<const Question> questions) {
  for (std::vector<int>& asked : asked_) asked.clear();
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const Question& question = questions[q];
    SPECLAB_CHECK(question.head >= 0 && question.head < count(), "head {} of {}", question.head, count());
    SPECLAB_CHECK(has_hidden(question.sequence), "sequence {}: no hidden row was remembered",
                  static_cast<int>(question.sequence));
    SPECLAB_CHECK(!weights_.reads_tokens || static_cast<int>(question.after.size()) == question.head + 1,
                  "head {} reads {} tokens, but {} came", question.head, question.head + 1,
                  question.after.size());
    asked_[question.head].push_back(static_cast<int>(q));
  }
  logits_.require(questions.size() * static_cast<std::size_t>(weights_.vocab));
  finite_.store(true, std::memory_order_relaxed);
  std::size_t max = 0;
  for (std::size_t head = 0; head < asked_.size(); ++head) {
    const std::span<const int> asked = asked_[head];
    max = std::max(max, asked.size());
    for (std::size_t begin = 0; begin < asked.size(); begin += kMaxRows) {
      answer(questions, asked.subspan(begin, std::min<std::size_t>(kMaxRows, asked.size() - begin)),
             static_cast<int>(head));
    }
  }
  if (!finite_.load(std::memory_order_relaxed)) head_overflows("a head's");
  forward_.logits = {logits_.data(), static_cast<int>(questions.size()), weights_.vocab, Place::host};
  const int rows = static_cast<int>(max);
  forward_.work = {.op = Op::forward, .sequences = rows, .new_tokens = rows, .rows = rows};
  return forward_;
}

void CpuHeads::answer(std::span<const Question> questions, std::span<const int> asked, int number) {
  const HeadWeights::Head& head = weights_.heads[number];
  const int count = static_cast<int>(asked.size()), hidden = weights_.hidden;
  const std::size_t stride = static_cast<std::size_t>(padded(hidden));
  const std::size_t vocab = static_cast<std::size_t>(weights_.vocab);
  first_.reset(head.blocks.front().linear.dtype, count, head.blocks.front().linear.inputs);
  for (int n = 0; n < count; ++n) {
    const Question& question = questions[asked[static_cast<std::size_t>(n)]];
    const std::vector<float>& row = remembered(question.sequence);
    std::copy(row.begin(), row.end(), x_.data() + static_cast<std::size_t>(n) * stride);
    first_.put(arithmetic_, n, 0, row.data(), hidden);
    for (int i = 0; weights_.reads_tokens && i <= number; ++i) {
      look_up(weights_.table_dtype, weights_.table, hidden, question.after[i], embedded_.data());
      first_.put(arithmetic_, n, (i + 1) * hidden, embedded_.data(), hidden);
    }
  }
  const auto after = [&](std::size_t block) {  // the type of the matrix that comes after it
    return block + 1 < head.blocks.size() ? head.blocks[block + 1].linear.dtype : head.output.dtype;
  };
  const int threads = team_->size();
  const Panel* panel = &first_;
  for (std::size_t b = 0; b < head.blocks.size(); ++b) {
    const HeadWeights::Block& block = head.blocks[b];
    Panel& next = next_[b % 2];
    next.reset(after(b), count, hidden);
    team_->run([&](int thread) {
      const Share share =
          multiply(arithmetic_, block.linear, *panel, count, gate_.data(), stride, thread, threads);
      if (block.residual.weights != nullptr) {
        multiply(arithmetic_, block.residual, *panel, count, x_.data(), stride, thread, threads);
      }
      const int length = share.end - share.begin;
      if (length <= 0) return;
      for (int n = 0; n < count; ++n) {
        const std::size_t at = static_cast<std::size_t>(n) * stride + static_cast<std::size_t>(share.begin);
        float *gate = gate_.data() + at, *x = x_.data() + at;
        arithmetic_.swiglu(gate, ones_.data(), length, gate);
        for (int i = 0; i < length; ++i) x[i] += gate[i];
        next.put(arithmetic_, n, share.begin, x, length);
      }
    });
    panel = &next;
  }
  team_->run([&](int thread) {
    const Share share =
        multiply(arithmetic_, head.output, *panel, count, answers_.data(), vocab, thread, threads);
    for (int n = 0; n < count && share.begin < share.end; ++n) {
      const float* from = answers_.data() + static_cast<std::size_t>(n) * vocab + share.begin;
      const std::size_t q = static_cast<std::size_t>(asked[n]);
      std::copy_n(from, share.end - share.begin, logits_.data() + q * vocab + share.begin);
      if (!arithmetic_.all_finite(from, share.end - share.begin))
        finite_.store(false, std::memory_order_relaxed);
    }
  });
}

}  // namespace speclab
