#include "strategies/registry.h"

#include "core/models/agreeing.h"
#include "core/models/source_model.h"
#include "strategies/drafters/jacobi.h"
#include "strategies/drafters/lookahead.h"
#include "strategies/drafters/model.h"
#include "strategies/drafters/ngram.h"
#include "strategies/drafters/none.h"
#include "strategies/drafters/oracle.h"
#include "strategies/drafters/suffix.h"
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

std::unique_ptr<Drafter> make_suffix(Params& p, const Parts& parts) {
  SuffixDrafter::Settings s;
  s.max_match = p.integer({"max_match", "max_tree_depth", "suffix_decoding_max_tree_depth"}, s.max_match,
                          {.least = 1}, "tokens at the text's end that are looked up, at most");
  s.min_match = p.integer({"min_match"}, s.min_match, {.least = 1}, "and at least");
  s.factor = p.number({"spec_factor", "max_spec_factor", "suffix_decoding_max_spec_factor"}, s.factor,
                      {.least = 0}, "guesses in a row per matched token; 0: as many as the topology wants");
  s.min_probability = p.number(
      {"min_probability", "min_token_prob", "suffix_decoding_min_token_prob"}, 0.1, {.least = 0, .most = 1},
      "of a guess and those above it together, as they followed so far; less is not drafted");
  const std::string corpus = p.text({"corpus"}, "", "further texts, a JSON Lines file of {\"text\": ...}");
  if (s.min_match > s.max_match) {
    p.fail("min_match", fmt::format("= {} is more than max_match = {}", s.min_match, s.max_match));
  }
  std::vector<std::vector<Token>> texts;
  if (!corpus.empty()) {
    if (!parts.corpus) p.fail("corpus", "is text, but the vocabulary here is synthetic; leave it out");
    texts = parts.corpus(corpus);
  }
  return std::make_unique<SuffixDrafter>(*parts.topology, s, texts);
}

std::unique_ptr<Drafter> make_lookahead(Params& p, const Parts& parts) {
  const Params::Range some{.least = 1, .most = 1024};
  LookaheadDrafter::Settings s;
  s.window = p.integer({"window", "w", "window_size", "WINDOW_SIZE", "max_window_size"}, s.window, some,
                       "W: columns of probes");
  s.ngram = p.integer({"ngram", "n", "level", "LEVEL", "ngram_size", "max_ngram_size"}, s.ngram,
                      {.least = 2, .most = 64}, "N: tokens of an n-gram; N - 1 levels of probes");
  s.guesses =
      p.integer({"guesses", "g", "guess", "guess_set_size", "GUESS_SET_SIZE", "max_verification_set_size"},
                s.guesses, some, "G: n-grams judged in a step, and kept for each first token");
  s.pool_from_prompt = p.flag({"pool_from_prompt", "POOL_FROM_PROMPT", "use_prompt"}, s.pool_from_prompt,
                              "the n-grams of prompt and text are pooled too");
  s.always_forward_one = p.flag({"always_forward_one", "ALWAYS_FWD_ONE"}, s.always_forward_one,
                                "the window moves by one token a step, even where more were accepted");
  return std::make_unique<LookaheadDrafter>(*parts.distributions, s);
}

Agreement read_agreement(Params& p, std::string_view meaning) {
  const Params::Range probability{.least = 0, .most = 1};
  Agreement made;
  made.acceptance = p.numbers({"acceptance", "alpha"}, {0.8}, probability, meaning);
  made.siblings = p.numbers({"siblings"}, {}, probability,
                            "by rank, that a later sibling is right where all before it are wrong");
  if (made.acceptance.empty()) p.fail("acceptance", "is an empty list");
  return made;
}

std::unique_ptr<Drafter> make_oracle(Params& p, const Parts& parts) {
  Agreement agreement = read_agreement(
      p,
      "by depth, the probability that the first guess is right where all above it are; the last serves "
      "all deeper");
  const int seed = p.integer({"seed"}, 1, {.least = 0}, "of which guesses are wrong, and what they are");
  if (!parts.continuations)
    p.fail("kind", "= 'oracle' replays what the target wrote, and nothing is recorded here");
  Continuations continuations = parts.continuations();
  if (static_cast<int>(agreement.siblings.size()) + 1 > continuations.vocab) {
    p.fail("siblings", fmt::format("has more ranks than a vocabulary of {} holds", continuations.vocab));
  }
  return std::make_unique<OracleDrafter>(*parts.topology, std::move(continuations), std::move(agreement),
                                         static_cast<std::uint64_t>(seed));
}

std::unique_ptr<Drafter> make_agreement(Params& p, const Parts& parts) {
  auto [acceptance, siblings] = read_agreement(
      p,
      "by depth, the probability that the first guess is the target's likeliest token; the last "
      "serves all deeper. It is the acceptance where the target is certain (target.kind = hashed)");
  const int seed = p.integer({"seed"}, 1, {.least = 0}, "of the agreement");
  const Draw draw = read_draw(p);
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
      {"suffix", "what followed the longest end of the text that occurred before, the most frequent first",
       "SuffixDecoding, Oliaro et al. 2024 (arXiv 2411.04975)", make_suffix},
      {"lookahead", "n-grams that a window of probes found, W columns of N - 1 Jacobi iterates",
       "Lookahead decoding, Fu et al. 2024 (arXiv 2402.02057)", make_lookahead, false},
      {"jacobi", "the target's own likeliest tokens after the guesses that it rejected",
       "Santilli et al. 2023 (arXiv 2305.10427)",
       [](Params& p, const Parts& parts) -> std::unique_ptr<Drafter> {
         return std::make_unique<JacobiDrafter>(
             *parts.distributions,
             p.integer({"window", "w", "length", "block_size"}, 8, {.least = 1, .most = 1024},
                       "guesses that are iterated at once"));
       },
       false},
      {"oracle", "what the target wrote by itself, each token right with a given probability", "",
       make_oracle},
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
