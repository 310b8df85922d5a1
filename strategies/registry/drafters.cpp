#include "core/models/sources/agreeing.h"
#include "core/models/sources/source_model.h"
#include "strategies/compatibility.h"
#include "strategies/drafters/cascade.h"
#include "strategies/drafters/corrected.h"
#include "strategies/drafters/eagle.h"
#include "strategies/drafters/hydra.h"
#include "strategies/drafters/jacobi.h"
#include "strategies/drafters/lookahead.h"
#include "strategies/drafters/medusa.h"
#include "strategies/drafters/merge.h"
#include "strategies/drafters/model.h"
#include "strategies/drafters/ngram.h"
#include "strategies/drafters/none.h"
#include "strategies/drafters/oracle.h"
#include "strategies/drafters/suffix.h"
#include "strategies/drafters/with_topology.h"
#include "strategies/published_acceptance.h"
#include "strategies/registry.h"

namespace speclab {
namespace {

// For drafters that know the target, which a cascade's small model is not.
void require_target(const Params& p, const Parts& parts) {
  if (parts.base == "target") return;
  p.fail("kind", "drafts for the target alone, not for the small model of a cascade");
}

// For drafters that rank the tokens which may follow a node.
void require_width(const Params& p, const Parts& parts, int ranked) {
  const Topology& topology = *parts.topology;
  if (parts.cuts_wide_trees || topology.width() <= ranked) return;
  p.fail("kind", fmt::format("ranks {} tokens to follow a node, but the topology asks for {} children of one",
                             ranked, topology.width()));
}

Draw read_draw(Params& p) {
  return p.choose<Draw>(
      {"draw"},
      {{"without-replacement", Draw::without_replacement},
       {"independent", Draw::independent},
       {"fixed", Draw::fixed}},
      "how children are chosen: drawn without-replacement, drawn independent, or fixed (the "
      "likeliest); at temperature 0 always the likeliest");
}

// Tokens or places in a text that a step looks through.
constexpr Params::Range kLookedUp{.min = 1, .max = 4096};

std::unique_ptr<Drafter> make_ngram(Params& p, const Parts& parts) {
  const int max = p.integer({"max_ngram", "max_matching_ngram_size", "prompt_lookup_max"}, 3, kLookedUp,
                            "tokens of the longest n-gram that is looked up");
  const int min = p.integer({"min_ngram", "prompt_lookup_min"}, 1, kLookedUp, "tokens of the shortest");
  const int places = p.integer({"max_places"}, 32, kLookedUp, "earlier occurrences that are remembered");
  if (min > max) p.fail("min_ngram", fmt::format("= {} is more than max_ngram = {}", min, max));
  return std::make_unique<NgramDrafter>(*parts.topology, max, min, places);
}

std::string read_heads_path(Params& p) {
  const auto& [path, medusa, hydra, eagle, any] = kHeadsPath;
  return p.text({path, medusa, hydra, eagle, any}, "",
                "the heads' folder, as their authors publish it; required");
}

// How many of the heads guess.
int read_used(Params& p, const DraftHeads& heads) {
  const int used = p.integer({"heads", "medusa_num_heads", "hydra_num_heads"}, 0, {.min = 0},
                             "how many of the heads guess; 0: as many as their config.json names");
  if (used > heads.count()) p.fail("heads", fmt::format("= {}, but there are {}", used, heads.count()));
  return used > 0 ? used : heads.usual();
}

std::unique_ptr<Drafter> make_medusa(Params& p, const Parts& parts) {
  DraftHeads& heads = parts.draft_heads(HeadKind::medusa, read_heads_path(p), parts.base);
  require_width(p, parts, heads.vocab());
  return std::make_unique<MedusaDrafter>(heads, read_used(p, heads), *parts.topology, parts.distributions());
}

std::unique_ptr<Drafter> make_hydra(Params& p, const Parts& parts) {
  DraftHeads& heads = parts.draft_heads(HeadKind::hydra, read_heads_path(p), parts.base);
  require_width(p, parts, heads.vocab());
  return std::make_unique<HydraDrafter>(heads, read_used(p, heads), *parts.topology, parts.distributions(),
                                        read_draw(p));
}

std::unique_ptr<Drafter> make_eagle(Params& p, const Parts& parts) {
  require_target(p, parts);  // a cascade forgets text whose features were read
  const FeatureDraft head = parts.feature_model(read_heads_path(p));
  require_width(p, parts, head.told.guessable());
  return std::make_unique<EagleDrafter>(head.told, head.charged, *parts.topology, parts.distributions(),
                                        read_draw(p));
}

std::unique_ptr<Drafter> make_suffix(Params& p, const Parts& parts) {
  SuffixDrafter::Settings s;
  s.max_match = p.integer({"max_match", "max_tree_depth", "suffix_decoding_max_tree_depth"}, s.max_match,
                          kLookedUp, "tokens at the text's end that are looked up, at most");
  s.min_match = p.integer({"min_match"}, s.min_match, kLookedUp, "and at least");
  s.factor = p.number({"spec_factor", "max_spec_factor", "suffix_decoding_max_spec_factor"}, s.factor,
                      {.min = 0}, "guesses in a row per matched token; 0: as many as the topology wants");
  s.min_probability = p.number(
      {"min_probability", "min_token_prob", "suffix_decoding_min_token_prob"}, 0.1, {.min = 0, .max = 1},
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
  const Params::Range some{.min = 1, .max = 1024};
  LookaheadDrafter::Settings s;
  s.window = p.integer({"window", "w", "window_size", "WINDOW_SIZE", "max_window_size"}, s.window, some,
                       "W: columns of probes");
  s.ngram = p.integer({"ngram", "n", "level", "LEVEL", "ngram_size", "max_ngram_size"}, s.ngram,
                      {.min = 2, .max = 64}, "N: tokens of an n-gram; N - 1 levels of probes");
  s.guesses =
      p.integer({"guesses", "g", "guess", "guess_set_size", "GUESS_SET_SIZE", "max_verification_set_size"},
                s.guesses, some, "G: n-grams judged in a step, and kept for each first token");
  s.pool_from_prompt = p.flag({"pool_from_prompt", "POOL_FROM_PROMPT", "use_prompt"}, s.pool_from_prompt,
                              "the n-grams of prompt and text are pooled too");
  s.always_forward_one = p.flag({"always_forward_one", "ALWAYS_FWD_ONE"}, s.always_forward_one,
                                "the window moves by one token a step, even where more were accepted");
  return std::make_unique<LookaheadDrafter>(parts.distributions(), s);
}

Agreement read_agreement(Params& p, const std::string& meaning) {
  Agreement made;
  made.acceptance = read_acceptance(p, meaning);
  made.siblings = p.numbers({"siblings"}, {}, {.min = 0, .max = 1},
                            "by rank, that a later sibling is right where all before it are wrong");
  return made;
}

OracleGuesses read_oracle(Params& p, const Parts& parts) {
  Agreement agreement = read_agreement(
      p,
      "by depth, the probability that the first guess is right where all above it are; the last serves "
      "all deeper");
  const int seed = p.integer({"seed"}, 1, {.min = 0}, "of which guesses are wrong, and what they are");
  require_target(p, parts);
  if (!parts.continuations) p.fail("kind", "replays what the target wrote, and nothing is recorded here");
  Continuations continuations = parts.continuations();
  if (static_cast<int>(agreement.siblings.size()) + 1 > continuations.vocab) {
    p.fail("siblings", fmt::format("has more ranks than a vocabulary of {} holds", continuations.vocab));
  }
  return {std::move(continuations), std::move(agreement), static_cast<std::uint64_t>(seed)};
}

std::unique_ptr<Drafter> make_corrected(Params& p, const Parts& parts) {
  OracleGuesses guesses = read_oracle(p, parts);
  Params of = p.table({"of"}, "the drafter that drafts, at its own cost; left out: { kind = \"model\" }");
  if (of.empty()) of = Params(of.section(), {{"kind", "model"}});
  std::unique_ptr<Drafter> inner = make(drafters(), of, parts);
  const int proposers = inner->traits().proposers;
  if (proposers > 1)
    p.fail("of", fmt::format("makes guesses of {} drafters; it takes one drafter", proposers));
  p.settle("of", of);
  return std::make_unique<CorrectedDrafter>(std::move(inner), std::move(guesses));
}

std::unique_ptr<Drafter> make_agreement(Params& p, const Parts& parts) {
  auto [acceptance, siblings] = read_agreement(
      p,
      "by depth, the probability that the first guess is the target's likeliest token; the last "
      "serves all deeper. It is the acceptance where the target is certain (target.kind = hashed)");
  const int seed = p.integer({"seed"}, 1, {.min = 0}, "of the agreement");
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
  require_width(p, parts, model.vocab());
  return std::make_unique<ModelDrafter>(model, *parts.topology, parts.distributions(), draw);
}

// A drafter within another, with a topology of its own: the table that it has, or one as the config's.
std::unique_ptr<Drafter> make_inner(Params& p, const Parts& parts) {
  Params own = p.table({"topology"}, "where it grows; left out: as [topology]");
  std::unique_ptr<Topology> topology = own.empty() ? parts.new_topology() : make(topologies(), own, parts);
  if (!own.empty()) p.settle("topology", own);
  Parts inner = parts;
  inner.topology = topology.get();
  auto made = std::make_unique<WithTopology>(std::move(topology), make(drafters(), p, inner));
  check_compatibility(made->traits(), {}, parts.greedy);
  return made;
}

std::unique_ptr<Drafter> make_merge(Params& p, const Parts& parts) {
  std::vector<Params> tables =
      p.tables({"of"},
               "drafters, such as [{ kind = \"ngram\" }, { kind = \"model\" }], each with a topology "
               "of its own if it names one; models by `from`; left out: ngram alone");
  if (tables.empty() && !p.lacks("of")) p.fail("of", "is an empty list");
  if (tables.empty()) tables.emplace_back(p.section(), nlohmann::json{{"kind", "ngram"}});
  std::vector<std::unique_ptr<Drafter>> made;
  for (Params& table : tables) made.push_back(make_inner(table, parts));
  p.settle("of", tables);
  auto merged = std::make_unique<MergedDrafter>(std::move(made));
  constexpr int kMax = 64;
  if (merged->traits().proposers > kMax) p.fail("of", fmt::format("has more than {} drafters", kMax));
  return merged;
}

std::unique_ptr<Drafter> make_cascade(Params& p, const Parts& parts) {
  const int length = p.integer({"length", "k", "gamma"}, 4, {.min = 1, .max = 1024}, "guesses per step");
  const std::string section = p.text({"from"}, "draft", "the config's section of the small model");
  Params inner = p.table({"inner"}, "what drafts for it; left out: { kind = \"ngram\" }");
  Params rule = p.table({"rule"}, "what judges there; left out: { kind = \"speculative_sampling\" }");
  if (inner.empty()) inner = Params(inner.section(), {{"kind", "ngram"}});
  if (rule.empty()) rule = Params(rule.section(), {{"kind", "speculative_sampling"}});
  LanguageModel& model = parts.draft_model(section);
  Parts within = parts;
  within.base = section;
  std::unique_ptr<Drafter> drafter = make_inner(inner, within);
  std::unique_ptr<AcceptanceRule> judge = parts.rule_on_rows(make(rules(), rule, parts));
  check_compatibility(drafter->traits(), judge->requirements(), parts.greedy);
  p.settle("inner", inner);
  p.settle("rule", rule);
  return std::make_unique<CascadeDrafter>(model, std::move(drafter), std::move(judge), parts.distributions(),
                                          length);
}

}  // namespace

std::span<const Entry<Drafter>> drafters() {
  static constexpr Entry<Drafter> entries[] = {
      {"none", "plain decoding, one token a step", "",
       [](Params&, const Parts&) -> std::unique_ptr<Drafter> { return std::make_unique<NoDrafter>(); }, false,
       false},
      {"model", "a smaller model guesses",
       "Leviathan et al. 2023 (arXiv 2211.17192); Chen et al. 2023 (2302.01318)",
       [](Params& p, const Parts& parts) -> std::unique_ptr<Drafter> {
         const Draw draw = read_draw(p);
         const std::string section =
             p.text({"from"}, "draft", "the config's section of the model: draft, draft2, ... draft9");
         LanguageModel& model = parts.draft_model(section);
         require_width(p, parts, model.vocab());
         return std::make_unique<ModelDrafter>(model, *parts.topology, parts.distributions(), draw);
       }},
      {"ngram", "what followed the last few tokens earlier in the text",
       "Saxena 2023, prompt lookup decoding (github.com/apoorvumang/prompt-lookup-decoding)", make_ngram,
       true, false},
      {"early_exit", "the target's first layers guess", "LayerSkip, Elhoushi et al. 2024 (arXiv 2404.16710)",
       [](Params& p, const Parts& parts) -> std::unique_ptr<Drafter> {
         const Draw draw = read_draw(p);
         require_target(p, parts);
         const int layers = p.integer({"layers", "exit_layer", "assistant_early_exit"}, 2, {.min = 1},
                                      "of the target, before its head");
         LanguageModel& model = parts.early_exit(layers);
         require_width(p, parts, model.vocab());
         return std::make_unique<ModelDrafter>(model, *parts.topology, parts.distributions(), draw);
       }},
      {"merge", "several drafters guess into one tree", "SpecInfer, Miao et al. 2024 (arXiv 2305.09781)",
       make_merge},
      {"cascade", "a smaller model guesses, and is itself drafted for",
       "Chen et al. 2024 (arXiv 2312.11462); TriForce, Sun et al. 2024 (2404.11912)", make_cascade},
      {"suffix", "what followed the longest end of the text that occurred before, the most frequent first",
       "SuffixDecoding, Oliaro et al. 2024 (arXiv 2411.04975)", make_suffix, true, false},
      {"lookahead", "n-grams that a window of probes found, W columns of N - 1 Jacobi iterates",
       "Lookahead decoding, Fu et al. 2024 (arXiv 2402.02057)", make_lookahead, false, false},
      {"jacobi", "the target's own likeliest tokens after the guesses that it rejected",
       "Santilli et al. 2023 (arXiv 2305.10427)",
       [](Params& p, const Parts& parts) -> std::unique_ptr<Drafter> {
         return std::make_unique<JacobiDrafter>(
             parts.distributions(), p.integer({"window", "w", "length", "block_size"}, 8,
                                              {.min = 1, .max = 1024}, "guesses that are iterated at once"));
       },
       false, false},
      {"oracle", "what the target wrote by itself, each token right with a given probability", "",
       [](Params& p, const Parts& parts) -> std::unique_ptr<Drafter> {
         return std::make_unique<OracleDrafter>(*parts.topology, read_oracle(p, parts));
       },
       true, false},
      {"corrected", "another drafter drafts, and its guesses are made right with a given probability", "",
       make_corrected},
      {"medusa", "heads on the target's last hidden row guess the next tokens, each its own",
       "Medusa, Cai et al. 2024 (arXiv 2401.10774)", make_medusa},
      {"hydra", "heads that also read the tokens guessed before",
       "Hydra, Ankner et al. 2024 (arXiv 2402.05109)", make_hydra},
      {"eagle", "one layer continues the target's features; EAGLE-1 and 2, or EAGLE-3, as the folder is",
       "EAGLE, Li et al. 2024 (arXiv 2401.15077); EAGLE-2 (2406.16858); EAGLE-3 (2503.01840)", make_eagle},
      {"agreement", "a synthetic draft model that is right as often as published acceptance rates say", "",
       make_agreement},
  };
  return entries;
}

}  // namespace speclab
