#include "strategies/registry.h"
#include "strategies/rules/block.h"
#include "strategies/rules/greedy.h"
#include "strategies/rules/kseq.h"
#include "strategies/rules/lenient.h"
#include "strategies/rules/multi_round.h"
#include "strategies/rules/relaxed.h"
#include "strategies/rules/sample_and_match.h"
#include "strategies/rules/speculative_sampling.h"
#include "strategies/rules/target_only.h"
#include "strategies/rules/traversal.h"
#include "strategies/rules/typical.h"
#include "strategies/rules/without_replacement.h"

namespace speclab {
namespace {
// A rule without settings.
template <class Rule>
std::unique_ptr<AcceptanceRule> make_rule(Params&, const Parts&) {
  return std::make_unique<Rule>();
}

std::unique_ptr<AcceptanceRule> make_typical(Params& p, const Parts&) {
  const double epsilon = p.number({"posterior_threshold", "typical_acceptance_sampler_posterior_threshold"},
                                  0.09, {.min = 0, .max = 1}, "epsilon: a guess this likely is accepted");
  const double delta =
      p.number({"posterior_alpha", "typical_acceptance_sampler_posterior_alpha"}, 0.3, {.min = 0},
               "delta: so is one that is likelier than this times exp(-entropy)");
  return std::make_unique<Typical>(epsilon, delta);
}

std::unique_ptr<AcceptanceRule> make_lenient(Params& p, const Parts&) {
  return lenient(
      p.number({"lenience"}, 0.5, {.min = 0, .max = 1, .open_min = true},
               "l: no token comes out with more than 1 / l of its probability; 1 is speculative sampling"));
}

std::unique_ptr<AcceptanceRule> make_relaxed(Params& p, const Parts&) {
  const int top_k = p.integer({"relaxed_topk", "relaxed_top_k"}, 10, {.min = 1},
                              "guesses among so many likeliest tokens may be accepted; 1 is exact match");
  const double delta =
      p.number({"relaxed_delta"}, 0.6, {.min = 0}, "if at most this much less probable than the likeliest");
  return std::make_unique<Relaxed>(top_k, delta);
}

}  // namespace

std::span<const Entry<AcceptanceRule>> rules() {
  static constexpr Entry<AcceptanceRule> entries[] = {
      {"speculative_sampling", "distributed exactly as the target; greedy at temperature 0",
       "Leviathan et al. 2023 (arXiv 2211.17192); Chen et al. 2023 (2302.01318); trees: SpecInfer, Sequoia",
       make_rule<SpeculativeSampling>},
      {"greedy", "follows the target's likeliest token, whatever the temperature",
       "SpecInfer, Miao et al. 2024 (arXiv 2305.09781)", make_rule<Greedy>},
      {"sample_and_match", "draws from the target and follows the guess that is the same; lossless",
       "SpecInfer, Miao et al. 2024 (arXiv 2305.09781): naive sampling", make_rule<SampleAndMatch>},
      {"target_only", "accepts x with probability p(x), however it was drawn; lossless",
       "EAGLE's released code, Li et al. 2024 (arXiv 2401.15077); lookahead, Fu et al. 2024 (2402.02057)",
       make_rule<TargetOnly>},
      {"multi_round", "independent siblings in random order, several proposers; lossless",
       "SpecInfer, Miao et al. 2024 (arXiv 2305.09781), algorithm 2", make_rule<MultiRound>},
      {"without_replacement", "siblings drawn without putting back; lossless",
       "Sequoia, Chen et al. 2024 (arXiv 2402.12374), algorithm 2", make_rule<WithoutReplacement>},
      {"kseq", "independent siblings of one proposer, near the best possible acceptance; lossless",
       "SpecTr, Sun et al. 2023 (arXiv 2310.15141), algorithm 2", make_rule<KSeq>},
      {"block", "a chain judged as a whole: never fewer tokens than one by one; lossless",
       "Sun et al. 2024 (arXiv 2403.10444), algorithm 2", make_rule<Block>},
      {"traversal", "a tree judged from its leaves to its root; lossless",
       "Weng et al. 2025 (arXiv 2505.12398)", make_rule<Traversal>},
      {"typical", "the longest path of guesses that are not unlikely; lossy",
       "Medusa, Cai et al. 2024 (arXiv 2401.10774), section 2.3.1", make_typical},
      {"lenient", "speculative sampling that compares with a part of q; lossy",
       "Leviathan et al. 2023 (arXiv 2211.17192), appendix A.5", make_lenient},
      {"relaxed", "greedy, but a guess near the likeliest token will do; lossy",
       "TensorRT-LLM, relaxed acceptance for DeepSeek-R1", make_relaxed},
  };
  return entries;
}

}  // namespace speclab
