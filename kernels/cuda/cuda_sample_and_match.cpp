#include "kernels/cuda/cuda_sample_and_match.h"

#include <algorithm>

#include "core/tree_walk.h"
#include "kernels/cuda/counter_source.h"
#include "kernels/llama/overflow.h"

namespace speclab {

CudaSampleAndMatch::CudaSampleAndMatch(std::unique_ptr<AcceptanceRule> twin, CudaRuleOptions options)
    : CudaRule(std::move(twin)), options_(checked(std::move(options))) {}

void CudaSampleAndMatch::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                               std::span<Verdict> verdicts) {
  nodes_.number(batch, drafts, target);
  draw(target);
  for (std::size_t i = 0; i < batch.size(); ++i) follow(nodes_.trees()[i], verdicts[i]);
}

void CudaSampleAndMatch::draw(const Forward& target) {
  Stream& stream = *options_.stream;
  const int cols = target.logits.cols, nodes = nodes_.size();
  const auto count = static_cast<std::size_t>(nodes);
  const bool nucleus = std::ranges::any_of(
      nodes_.trees(), [](const DraftNodes::Tree& tree) { return tree.sequence->sampling.top_p < 1; });
  const std::size_t at_once = ProbabilitySpace::rows_at_once(count, cols, nucleus, options_.max_numbers);
  space_.require(at_once, nucleus ? at_once : 0, cols);
  upload_.begin();
  const auto softmax = upload_.add<RowSoftmax>(count);
  const auto draws = upload_.add<RowDraw>(count);
  upload_.lay_out();
  for (const DraftNodes::Tree& tree : nodes_.trees()) {
    const CounterRng& source = counter_source(tree.sequence->judge_chance.get());
    const Sampling& s = tree.sequence->sampling;
    for (int now = tree.begin; now < tree.begin + tree.size; ++now) {
      double* row = space_.row(static_cast<std::size_t>(now) % at_once);
      const float* logits = target.logits[nodes_.row(tree, now)].as<float>();
      upload_.host(softmax)[now] = {logits, row, s.temperature, s.top_k, s.top_p};
      // Every node of a path takes one decision.
      const int depth = tree.draft->tree().depth(nodes_.node(now));
      upload_.host(draws)[now] = {.row = row,
                                  .key = source.key(),
                                  .taken = source.taken() + static_cast<std::uint64_t>(depth),
                                  .first = now};
    }
  }
  upload_.send(stream);
  require_written(answers_, 3 * count, "drawn tokens", stream);
  fetched_.require(3 * count, "drawn tokens, on the host");
  std::int32_t *tokens = answers_.data(), *wrong = tokens + count, *drawn = wrong + count;
  for (int begin = 0; begin < nodes; begin += static_cast<int>(at_once)) {
    const int some = std::min(static_cast<int>(at_once), nodes - begin);
    row_probabilities({upload_.device(softmax) + begin, space_.nucleus(), wrong + begin, some, cols}, stream);
    row_draws({upload_.device(draws) + begin, tokens, drawn + begin, some, cols}, stream);
  }
  copy_bytes(fetched_.data(), answers_.data(), 3 * count * sizeof(std::int32_t), stream);
  stream.wait();
}

void CudaSampleAndMatch::follow(const DraftNodes::Tree& tree, Verdict& verdict) const {
  walk(verdict, [&](int node) {
    const Token token = fetched_.data()[nodes_.number(tree, node)];
    if (token < 0) logits_overflow(tree.row + node);
    counter_source(tree.sequence->judge_chance.get()).take(1);
    return speclab::follow(*tree.draft, node, token);
  });
}

}  // namespace speclab
