#include "kernels/cuda/cuda_heads.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "kernels/cuda/copy_rows.h"
#include "kernels/cuda/few_rows_product.h"
#include "kernels/cuda/head_kernels.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/rounded_rows.h"
#include "kernels/llama/overflow.h"

namespace speclab {
namespace {

constexpr int kMaxRows = FewRowsProduct<Bf16>::kMaxRows;

}  // namespace

CudaHeads::CudaHeads(const HeadWeights& weights, const CudaTransformer& target)
    : hidden_(weights.hidden),
      vocab_(weights.vocab),
      usual_(weights.usual),
      remarks_(weights.remarks),
      reads_tokens_(weights.reads_tokens),
      target_(target.weights()),
      stream_(target.stream()),
      pieces_(target.weights().precision, *stream_),
      rows_(hidden_),
      graphs_(*stream_, target.captures()) {
  int longest = hidden_;
  for (const HeadWeights::Head& from : weights.heads) {
    Head& head = heads_.emplace_back();
    for (const HeadWeights::Block& block : from.blocks)
      head.blocks.push_back({pieces_.linear(block.linear), pieces_.linear(block.residual)});
    head.output = from.output.weights ? pieces_.linear(from.output)
                                      : DeviceLinear{target_.head, target_.dtype, vocab_, hidden_, nullptr};
    longest = std::max(longest, head.first_inputs());
  }
  pieces_.wait();
  rounded_.require(std::size_t{kMaxRows} * static_cast<std::size_t>(padded16(longest)),
                   "activations of heads");
  for (DeviceBuffer<float>* buffer : {&x_, &y_, &residual_})
    buffer->require(std::size_t{kMaxRows} * static_cast<std::size_t>(hidden_), "activations of heads");
}

CudaHeads::~CudaHeads() { stream_->drain(); }

void CudaHeads::open(SequenceId sequence) {
  SPECLAB_CHECK(!sequences_.contains(sequence), "sequence {} is opened twice", static_cast<int>(sequence));
  float* const row = rows_.take();
  sequences_[sequence].row = row;
}

void CudaHeads::close(SequenceId sequence) {
  rows_.give_back(find(sequence).row);
  sequences_.erase(sequence);
}

const CudaHeads::Remembered& CudaHeads::find(SequenceId sequence) const {
  const auto found = sequences_.find(sequence);
  SPECLAB_CHECK(found != sequences_.end(), "sequence {} is not open", static_cast<int>(sequence));
  return found->second;
}

void CudaHeads::set_hidden(SequenceId sequence, Row hidden) {
  SPECLAB_CHECK(hidden.cols == hidden_, "a hidden row of {} numbers, but heads read {}", hidden.cols,
                hidden_);
  copy(find(sequence).row, std::span(hidden.as<float>(), static_cast<std::size_t>(hidden_)), *stream_);
  if (hidden.place == Place::host) stream_->wait();
  sequences_[sequence].told = true;
}

void CudaHeads::finish() {
  if (flags_.wait()) head_overflows("a head's");
}

const Forward& CudaHeads::forward(std::span<const Question> questions) {
  finish();
  arrange(questions);
  const std::size_t numbers = size_.rows() * static_cast<std::size_t>(vocab_);
  logits_.require(numbers, "logits of heads");
  if (!size_.in_order) answers_.require(numbers, "logits of heads");
  send(questions);
  graphs_.expect(upload_.moves() + logits_.moves() + answers_.moves());
  graphs_.run(size_, [&] { answer_all(); });
  flags_.fetch(upload_.device(not_finite_), size_.parts.size(), *stream_);
  forward_.logits = {logits_.data(), static_cast<int>(questions.size()), vocab_, Place::device};
  return forward_;
}

// Questions by head, and heads in parts of 64 rows.
void CudaHeads::arrange(std::span<const Question> questions) {
  for (const Question& question : questions) {
    SPECLAB_CHECK(question.head >= 0 && question.head < count(), "head {} of {}", question.head, count());
    SPECLAB_CHECK(has_hidden(question.sequence), "sequence {}: no hidden row was remembered",
                  static_cast<int>(question.sequence));
    SPECLAB_CHECK(!reads_tokens_ || static_cast<int>(question.after.size()) == question.head + 1,
                  "head {} reads {} tokens, but {} came", question.head, question.head + 1,
                  question.after.size());
  }
  next_row_.assign(heads_.size(), 0);
  for (const Question& question : questions) ++next_row_[question.head];
  const int max = next_row_.empty() ? 0 : *std::ranges::max_element(next_row_);
  size_.parts.clear();
  int rows = 0;
  for (int head = 0; head < count(); ++head) {
    const int asked = std::exchange(next_row_[head], rows);
    for (int done = 0; done < asked; done += kMaxRows) {
      size_.parts.push_back({head, rows, rounded_rows(std::min(asked - done, kMaxRows))});
      rows += size_.parts.back().count;
    }
  }
  row_of_.clear();
  size_.in_order = true;
  for (const Question& question : questions) {
    const int row = next_row_[question.head]++;
    size_.in_order &= row == static_cast<int>(row_of_.size());
    row_of_.push_back(row);
  }
  forward_.work = {.op = Op::forward, .sequences = max, .new_tokens = max, .rows = max};
}

void CudaHeads::send(std::span<const Question> questions) {
  const std::size_t rows = size_.rows(), parts = size_.parts.size();
  upload_.begin();
  features_ = upload_.add<const float*>(rows);
  tokens_ = upload_.add<std::int32_t>(reads_tokens_ ? rows * heads_.size() : 0);
  row_at_ = upload_.add<int>(rows);
  not_finite_ = upload_.add<std::int32_t>(parts);
  upload_.lay_out();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::size_t row = static_cast<std::size_t>(row_of_[i]);
    upload_.host(features_)[row] = find(questions[i].sequence).row;
    if (reads_tokens_) std::ranges::copy(questions[i].after, upload_.host(tokens_) + row * heads_.size());
  }
  std::ranges::copy(row_of_, upload_.host(row_at_));
  std::fill_n(upload_.host(not_finite_), parts, PartFlags::kSound);
  upload_.send(*stream_);
}

void CudaHeads::answer_all() {
  const std::size_t vocab = static_cast<std::size_t>(vocab_);
  const DeviceBuffer<float>& answers = size_.in_order ? logits_ : answers_;
  for (std::size_t i = 0; i < size_.parts.size(); ++i) {
    const Part& part = size_.parts[i];
    answer(part, answers.data() + static_cast<std::size_t>(part.begin) * vocab,
           upload_.device(not_finite_) + i);
  }
  if (size_.in_order) return;
  copy_rows({answers_.data(), upload_.device(row_at_), logits_.data(), static_cast<int>(size_.rows()), vocab_,
             vocab_},
            *stream_);
}

void CudaHeads::read_inputs(const Part& part, Dtype dtype) {
  const auto read = [&]<class T, class E>(T, E) {
    head_input<T, E>(
        {.features = upload_.device(features_) + part.begin,
         .tokens = upload_.device(tokens_) + static_cast<std::size_t>(part.begin) * heads_.size(),
         .table = static_cast<const E*>(target_.embedding.data),
         .out = reinterpret_cast<T*>(rounded_.data()),
         .exact = x_.data(),
         .rows = part.count,
         .width = hidden_,
         .hidden = hidden_,
         .tokens_each = reads_tokens_ ? part.head + 1 : 0,
         .token_stride = count()},
        *stream_);
  };
  with_number(dtype, [&](auto as) { with_number(target_.dtype, [&](auto table) { read(as, table); }); });
}

void CudaHeads::answer(const Part& part, float* answers, std::int32_t* not_finite) {
  const Head& head = heads_[part.head];
  read_inputs(part, head.blocks.front().linear.dtype);
  for (std::size_t b = 0; b < head.blocks.size(); ++b) {
    const Block& block = head.blocks[b];
    multiply(block.linear, rounded_.data(), y_.data(), part.count, *stream_);
    const bool replaced = static_cast<bool>(block.residual);
    if (replaced) multiply(block.residual, rounded_.data(), residual_.data(), part.count, *stream_);
    const Dtype next = b + 1 < head.blocks.size() ? head.blocks[b + 1].linear.dtype : head.output.dtype;
    with_number(next, [&]<class T>(T) {
      head_block<T>({.y = y_.data(),
                     .bias = block.linear.bias,
                     .base = replaced ? residual_.data() : x_.data(),
                     .base_bias = block.residual.bias,
                     .out = x_.data(),
                     .rounded = reinterpret_cast<T*>(rounded_.data()),
                     .rows = part.count,
                     .hidden = hidden_},
                    *stream_);
    });
  }
  multiply(head.output, rounded_.data(), answers, part.count, *stream_, not_finite);
  if (head.output.bias) add_bias({answers, head.output.bias, part.count, vocab_}, *stream_);
}

std::unique_ptr<CudaHeads> load_cuda_medusa(const std::filesystem::path& directory,
                                            const CudaTransformer& target, int tokens) {
  return std::make_unique<CudaHeads>(
      load_medusa(directory, {target.config(), target.weights().dtype, tokens}), target);
}

std::unique_ptr<CudaHeads> load_cuda_hydra(const std::filesystem::path& directory,
                                           const CudaTransformer& target, int tokens) {
  return std::make_unique<CudaHeads>(load_hydra(directory, {target.config(), target.weights().dtype, tokens}),
                                     target);
}

}  // namespace speclab
