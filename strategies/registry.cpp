#include "strategies/registry.h"

#include "core/models/agreeing.h"
#include "core/models/source_model.h"
#include "strategies/drafters/model.h"
#include "strategies/drafters/ngram.h"
#include "strategies/drafters/none.h"
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
#include "strategies/topologies/chain.h"
#include "strategies/topologies/layered.h"
#include "strategies/topologies/paths.h"

namespace speclab {
namespace {

Draw read_draw(Params& p) {
  return p.choose<Draw>(
      {"draw"},
      {{"without-replacement", Draw::without_replacement},
       {"independent", Draw::independent},
       {"fixed", Draw::fixed}},
      "how children are chosen: drawn without-replacement, drawn independent, or fixed (the "
      "likeliest); at temperature 0 always the likeliest");
}

std::unique_ptr<Drafter> make_ngram(Params& p, const Parts& parts) {
  const int most = p.integer({"max_ngram", "max_matching_ngram_size", "prompt_lookup_max"}, 3, {.least = 1},
                             "tokens of the longest n-gram that is looked up");
  const int least = p.integer({"min_ngram", "prompt_lookup_min"}, 1, {.least = 1}, "tokens of the shortest");
  const int places = p.integer({"max_places"}, 32, {.least = 1}, "earlier occurrences that are remembered");
  if (least > most) p.fail("min_ngram", fmt::format("= {} is more than max_ngram = {}", least, most));
  return std::make_unique<NgramDrafter>(*parts.topology, most, least, places);
}

std::unique_ptr<Drafter> make_agreement(Params& p, const Parts& parts) {
  const Params::Range probability{.least = 0, .most = 1};
  const auto acceptance =
      p.numbers({"acceptance", "alpha"}, {0.8}, probability,
                "by depth, the probability that the first guess is the target's likeliest token; the last "
                "serves all deeper. It is the acceptance where the target is certain (target.kind = hashed)");
  const auto siblings = p.numbers({"siblings"}, {}, probability,
                                  "by rank, that a later sibling is right where all before it are wrong");
  const int seed = p.integer({"seed"}, 1, {.least = 0}, "of the agreement");
  const Draw draw = read_draw(p);
  if (acceptance.empty()) p.fail("acceptance", "is an empty list");
  if (parts.target_source == nullptr) {
    p.fail("kind", "= 'agreement' imitates a synthetic target; set target.kind to hashed or markov");
  }
  if (static_cast<int>(siblings.size()) + 2 > parts.target_source->vocab()) {
    p.fail("siblings",
           fmt::format("has more ranks than a vocabulary of {} holds", parts.target_source->vocab()));
  }
  auto source =
      std::make_shared<Agreeing>(parts.target_source, acceptance, siblings, static_cast<std::uint64_t>(seed));
  LanguageModel& model = parts.adopt(std::make_unique<SourceModel>(std::move(source)));
  return std::make_unique<ModelDrafter>(model, *parts.topology, *parts.distributions, draw);
}

// A rule without settings.
template <class Rule>
std::unique_ptr<AcceptanceRule> make_rule(Params&, const Parts&) {
  return std::make_unique<Rule>();
}

std::unique_ptr<AcceptanceRule> make_typical(Params& p, const Parts&) {
  const double epsilon = p.number({"posterior_threshold", "typical_acceptance_sampler_posterior_threshold"},
                                  0.09, {.least = 0, .most = 1}, "epsilon: a guess this likely is accepted");
  const double delta =
      p.number({"posterior_alpha", "typical_acceptance_sampler_posterior_alpha"}, 0.3, {.least = 0},
               "delta: so is one that is likelier than this times exp(-entropy)");
  return std::make_unique<Typical>(epsilon, delta);
}

std::unique_ptr<AcceptanceRule> make_lenient(Params& p, const Parts&) {
  return std::make_unique<Lenient>(
      p.number({"lenience"}, 0.5, {.least = 0, .most = 1, .open_least = true},
               "l: no token comes out with more than 1 / l of its probability; 1 is speculative sampling"));
}

std::unique_ptr<AcceptanceRule> make_relaxed(Params& p, const Parts&) {
  const int top_k = p.integer({"relaxed_topk", "relaxed_top_k"}, 10, {.least = 1},
                              "guesses among so many likeliest tokens may be accepted; 1 is exact match");
  const double delta =
      p.number({"relaxed_delta"}, 0.6, {.least = 0}, "if at most this much less probable than the likeliest");
  return std::make_unique<Relaxed>(top_k, delta);
}

}  // namespace

std::span<const Entry<Drafter>> drafters() {
  static constexpr Entry<Drafter> entries[] = {
      {"none", "plain decoding, one token a step", "",
       [](Params&, const Parts&) -> std::unique_ptr<Drafter> { return std::make_unique<NoDrafter>(); },
       false},
      {"model", "a smaller model guesses",
       "Leviathan et al. 2023 (arXiv 2211.17192); Chen et al. 2023 (2302.01318)",
       [](Params& p, const Parts& parts) -> std::unique_ptr<Drafter> {
         const Draw draw = read_draw(p);
         const std::string section =
             p.text({"from"}, "draft", "the config's section of the model: draft, draft2, ... draft9");
         return std::make_unique<ModelDrafter>(parts.draft_model(section), *parts.topology,
                                               *parts.distributions, draw);
       }},
      {"ngram", "what followed the last few tokens earlier in the text",
       "Saxena 2023, prompt lookup decoding (github.com/apoorvumang/prompt-lookup-decoding)", make_ngram},
      {"agreement", "a synthetic draft model, right with a given probability", "", make_agreement},
  };
  return entries;
}

std::span<const Entry<Topology>> topologies() {
  static constexpr Entry<Topology> entries[] = {
      {"chain", "a straight line of `length` guesses", "Leviathan et al. 2023 (arXiv 2211.17192)",
       [](Params& p, const Parts&) -> std::unique_ptr<Topology> {
         return std::make_unique<Chain>(p.integer(
             {"length", "k", "gamma", "num_speculative_tokens", "num_assistant_tokens", "spec_draft_n_max"},
             4, {.least = 1, .most = 1024}, "guesses per step"));
       }},
      {"layered", "every node of depth d has widths[d] children",
       "SpecInfer, Miao et al. 2024 (arXiv 2305.09781)",
       [](Params& p, const Parts&) -> std::unique_ptr<Topology> {
         auto widths =
             p.integers({"widths", "expansion"}, {3, 2, 1}, {.least = 1, .most = 1024}, "children by depth");
         if (widths.empty()) p.fail("widths", "is an empty list");
         return std::make_unique<Layered>(std::move(widths));
       }},
      {"paths", "any static tree, as a list of rank paths", "Medusa, Cai et al. 2024 (arXiv 2401.10774)",
       [](Params& p, const Parts&) -> std::unique_ptr<Topology> {
         const auto paths = p.paths({"paths", "medusa_choices", "speculative_token_tree"}, {{0}, {1}, {0, 0}},
                                    "each node as the ranks on its way from the root");
         if (paths.empty()) p.fail("paths", "is an empty list");
         return std::make_unique<Paths>(paths);
       }},
  };
  return entries;
}

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
