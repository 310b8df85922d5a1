#include "kernels/cpu/cpu_transformer.h"

#include <algorithm>

#include "kernels/llama/overflow.h"

namespace speclab {

CpuTransformer::CpuTransformer(LlamaWeights weights, CpuOptions options)
    : weights_(std::move(weights)),
      team_(options.team ? std::move(options.team) : std::make_shared<ThreadTeam>()),
      pass_(weights_, options.arithmetic ? *options.arithmetic : best_arithmetic(), *team_) {}

void CpuTransformer::tap(std::span<const int> layers) {
  check_taps(layers, weights_.config);
  pass_.tap({layers.begin(), layers.end()});
}

const Forward& CpuTransformer::forward(std::span<const SequenceInput> batch) {
  in_batch_.clear();
  caches_.clear();
  for (const SequenceInput& slice : batch) {
    CachedSequence& sequence = find(slice.sequence);
    in_batch_.push_back(&sequence);
    caches_.push_back(sequence.cache.get());
  }
  plan_.check(batch, in_batch_, weights_.config);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    caches_[i]->reserve(in_batch_[i]->used() + PassPlan::slots_of(batch[i]));
  }
  plan_.enter(batch, in_batch_, weights_.config);
  evaluate();
  forward_.first = plan_.first;
  forward_.work = plan_.work;
  return forward_;
}

void CpuTransformer::evaluate() {
  const std::size_t stride = static_cast<std::size_t>(pass_.hidden_stride());
  const std::size_t hidden = static_cast<std::size_t>(weights_.config.hidden);
  const std::size_t vocab = static_cast<std::size_t>(weights_.config.vocab);
  const std::size_t asked = static_cast<std::size_t>(plan_.asked);
  const std::size_t taps = pass_.taps() * hidden;
  asked_.require(asked * stride);
  hidden_.require(asked * hidden);
  tapped_.require(asked * taps);
  if (plan_.scores) logits_.require(asked * vocab);
  constexpr std::size_t kMax = LlamaPass::kMaxRows;

  const std::span<const PassRow> rows = plan_.rows;
  std::size_t taken = 0;
  for (std::size_t begin = 0; begin < rows.size(); begin += kMax) {
    const auto part = rows.subspan(begin, std::min(kMax, rows.size() - begin));
    pass_.layers(part, plan_.paths, caches_);
    for (std::size_t n = 0; n < part.size(); ++n) {
      if (!part[n].asked) continue;
      std::copy_n(pass_.residual(static_cast<int>(n)), stride, asked_.data() + stride * taken);
      std::copy_n(pass_.tapped(static_cast<int>(n)), taps, tapped_.data() + taps * taken);
      ++taken;
    }
  }
  for (std::size_t begin = 0; begin < asked; begin += kMax) {
    const int count = static_cast<int>(std::min(kMax, asked - begin));
    const int broken = pass_.head(asked_.data() + begin * stride, count, hidden_.data() + begin * hidden,
                                  plan_.scores ? logits_.data() + begin * vocab : nullptr);
    if (broken >= 0) logits_overflow(static_cast<int>(begin) + broken);
  }
  forward_.logits = {logits_.data(), plan_.scores ? plan_.asked : 0, weights_.config.vocab, Place::host};
  forward_.hidden = {hidden_.data(), plan_.asked, weights_.config.hidden, Place::host};
  forward_.tapped = {taps > 0 ? tapped_.data() : nullptr, plan_.asked, static_cast<int>(taps), Place::host};
}

Work CpuTransformer::commit(std::span<const Commit> batch) {
  Work work{.op = Op::commit, .sequences = static_cast<int>(batch.size())};
  for (const Commit& kept : batch) {
    CachedSequence& sequence = find(kept.sequence);
    work.context += sequence.used();
    sequence.commit(kept.sequence, kept.path, [&](int from, int to) {
      sequence.cache->move(from, to);
      ++work.new_tokens;
    });
  }
  return work;
}

Work CpuTransformer::truncate(std::span<const Truncation> batch) {
  Work work{.op = Op::truncate, .sequences = static_cast<int>(batch.size())};
  for (const Truncation& rewound : batch) {
    CachedSequence& sequence = find(rewound.sequence);
    work.context += sequence.used();
    sequence.truncate(rewound.sequence, rewound.length);
  }
  return work;
}

std::unique_ptr<LanguageModel> load_cpu_model(const std::filesystem::path& directory, CpuOptions options) {
  return std::make_unique<CpuTransformer>(load_weights(directory), std::move(options));
}

std::unique_ptr<LanguageModel> random_cpu_model(const LlamaConfig& config, Dtype dtype, std::uint64_t seed,
                                                CpuOptions options) {
  return std::make_unique<CpuTransformer>(random_weights(config, dtype, seed), std::move(options));
}

}  // namespace speclab
