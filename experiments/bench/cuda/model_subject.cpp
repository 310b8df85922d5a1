#include "experiments/bench/cuda/model_subject.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace speclab {
namespace {

constexpr int kMaxNodes = 1024;
constexpr int kFilledAtOnce = 4096;  // tokens

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

ModelSubject::ModelSubject(
    DeviceTiming& timing,
    const std::function<std::unique_ptr<CudaTransformer>(std::shared_ptr<Stream>)>& make)
    : timing_(timing), model_(make(timing.shared_stream())), nodes_(kMaxNodes) {
  for (int node = 1; node <= kMaxNodes; ++node) tree_.add((node - 1) / 2, node * 101 % model_->vocab());
  std::iota(nodes_.begin(), nodes_.end(), 1);
}

void ModelSubject::prepare(int sequences, int context) {
  for (; static_cast<int>(texts_.size()) > sequences; texts_.pop_back()) {
    model_->close(static_cast<SequenceId>(texts_.size() - 1));
  }
  for (; static_cast<int>(texts_.size()) < sequences; texts_.emplace_back()) {
    model_->open(static_cast<SequenceId>(texts_.size()));
  }
  for (std::size_t s = 0; s < texts_.size(); ++s) {
    const auto id = static_cast<SequenceId>(s);
    std::vector<Token>& text = texts_[s];
    for (int i = static_cast<int>(text.size()); i <= context; ++i) {
      text.push_back((i + static_cast<int>(s)) * 37 % model_->vocab());
    }
    text.resize(static_cast<std::size_t>(context) + 1);
    const Truncation rewound{id, std::min(context, model_->length(id))};
    model_->truncate({&rewound, 1});
    while (model_->length(id) < context) {
      const int begin = model_->length(id), count = std::min(kFilledAtOnce, context - begin);
      const SequenceInput slice{
          .sequence = id,
          .text = std::span(text).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)),
          .give = PassOutput::nothing};
      model_->forward({&slice, 1});
    }
  }
  model_->finish();
}

const Forward& ModelSubject::forward(int nodes) {
  slices_.clear();
  for (std::size_t s = 0; s < texts_.size(); ++s) {
    slices_.push_back({.sequence = static_cast<SequenceId>(s),
                       .text = std::span(texts_[s]).last(1),
                       .tree = &tree_,
                       .nodes = std::span(nodes_).first(static_cast<std::size_t>(nodes))});
  }
  return model_->forward(slices_);
}

void ModelSubject::back_to_the_text() {
  rewound_.clear();
  for (std::size_t s = 0; s < texts_.size(); ++s) {
    rewound_.push_back({static_cast<SequenceId>(s), static_cast<int>(texts_[s].size()) - 1});
  }
  model_->truncate(rewound_);
}

ModelSubject::Pass ModelSubject::pass(int nodes) {
  Pass result;
  result.device_seconds = timing_.cold_seconds([&] {
    const auto begin = std::chrono::steady_clock::now();
    result.work = forward(nodes).work;
    result.host_seconds = seconds_since(begin);
  });
  result.work.actor = Actor::target;
  back_to_the_text();
  const LlamaConfig& config = model_->config();
  const double position = 4.0 * config.layers * config.kv_heads * config.head_dim;
  result.bytes = model_->weights().streamed_bytes() +
                 position * static_cast<double>(result.work.context + result.work.new_tokens);
  return result;
}

std::vector<Token> ModelSubject::likeliest(const Rows& logits) {
  const auto count = static_cast<std::size_t>(logits.count);
  row_pointers_on_host_.require(count, "pointers to rows");
  row_pointers_.require(count, "pointers to rows");
  tokens_on_host_.require(count, "tokens");
  tokens_.require(count, "tokens");
  Stream& stream = timing_.stream();
  for (int i = 0; i < logits.count; ++i) row_pointers_on_host_.data()[i] = logits[i].f32().data();
  copy_bytes(row_pointers_.data(), row_pointers_on_host_.data(), count * sizeof(float*), stream);
  row_argmax({row_pointers_.data(), tokens_.data(), nullptr, logits.count, logits.cols}, stream);
  copy_bytes(tokens_on_host_.data(), tokens_.data(), count * sizeof(std::int32_t), stream);
  stream.wait();
  return {tokens_on_host_.data(), tokens_on_host_.data() + count};
}

ModelSubject::Decoded ModelSubject::decode(int steps) {
  Decoded result;
  const auto begin = std::chrono::steady_clock::now();
  for (int step = 0; step < steps; ++step) {
    const std::vector<Token> next = likeliest(forward(0).logits);
    for (std::size_t s = 0; s < texts_.size(); ++s) texts_[s].push_back(next[s]);
    result.tokens.push_back(next.front());
  }
  result.seconds_per_step = seconds_since(begin) / steps;
  for (auto& text : texts_) text.resize(text.size() - static_cast<std::size_t>(steps));
  back_to_the_text();
  return result;
}

}  // namespace speclab
