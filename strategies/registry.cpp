#include "strategies/registry.h"

#include "core/models/agreeing.h"
#include "core/models/source_model.h"
#include "strategies/drafters/eagle.h"
#include "strategies/drafters/hydra.h"
#include "strategies/drafters/medusa.h"
#include "strategies/drafters/model.h"
#include "strategies/drafters/ngram.h"
#include "strategies/drafters/none.h"
#include "strategies/rules/greedy.h"
#include "strategies/rules/speculative_sampling.h"
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

std::string read_heads_path(Params& p) {
  return p.text({"path", "medusa_model", "hydra_model", "ea_model_path", "speculative_model"}, "",
                "the heads' folder, as their authors publish it; required");
}

// How many of the heads guess.
int read_used(Params& p, const DraftHeads& heads) {
  const int used = p.integer({"heads", "medusa_num_heads", "hydra_num_heads"}, 0, {.least = 0},
                             "how many of the heads guess; 0: all");
  if (used > heads.count()) p.fail("heads", fmt::format("= {}, but there are {}", used, heads.count()));
  return used > 0 ? used : heads.count();
}

std::unique_ptr<Drafter> make_medusa(Params& p, const Parts& parts) {
  DraftHeads& heads = parts.draft_heads(HeadKind::medusa, read_heads_path(p));
  return std::make_unique<Medusa>(heads, read_used(p, heads), *parts.topology, *parts.distributions);
}

std::unique_ptr<Drafter> make_hydra(Params& p, const Parts& parts) {
  DraftHeads& heads = parts.draft_heads(HeadKind::hydra, read_heads_path(p));
  return std::make_unique<Hydra>(heads, read_used(p, heads), *parts.topology, *parts.distributions,
                                 read_draw(p));
}

std::unique_ptr<Drafter> make_eagle(Params& p, const Parts& parts) {
  const FeatureDraft head = parts.feature_model(read_heads_path(p));
  return std::make_unique<Eagle>(head.told, head.charged, *parts.topology, *parts.distributions,
                                 read_draw(p));
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
      {"medusa", "heads on the target's last hidden row guess the next tokens, each its own",
       "Medusa, Cai et al. 2024 (arXiv 2401.10774)", make_medusa},
      {"hydra", "heads that also read the tokens guessed before",
       "Hydra, Ankner et al. 2024 (arXiv 2402.05109)", make_hydra},
      {"eagle", "one layer continues the target's features; EAGLE-1 and 2, or EAGLE-3, as the folder is",
       "EAGLE, Li et al. 2024 (arXiv 2401.15077); EAGLE-2 (2406.16858); EAGLE-3 (2503.01840)", make_eagle},
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
       [](Params&, const Parts&) -> std::unique_ptr<AcceptanceRule> {
         return std::make_unique<SpeculativeSampling>();
       }},
      {"greedy", "follows the target's likeliest token, whatever the temperature",
       "SpecInfer, Miao et al. 2024 (arXiv 2305.09781)",
       [](Params&, const Parts&) -> std::unique_ptr<AcceptanceRule> { return std::make_unique<Greedy>(); }},
  };
  return entries;
}

}  // namespace speclab
