#include "strategies/registry.h"

#include "core/models/agreeing.h"
#include "core/models/source_model.h"
#include "strategies/drafters/cascade.h"
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
#include "strategies/fit.h"
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
#include "strategies/topologies/best_first.h"
#include "strategies/topologies/budgeted.h"
#include "strategies/topologies/chain.h"
#include "strategies/topologies/confident.h"
#include "strategies/topologies/goodput_chain.h"
#include "strategies/topologies/heuristic_chain.h"
#include "strategies/topologies/layered.h"
#include "strategies/topologies/paths.h"
#include "strategies/topologies/published_trees.h"
#include "strategies/topologies/sequoia.h"

namespace speclab {
namespace {

// For drafters that know the target, which a cascade's small model is not.
void require_target(const Params& p, const Parts& parts) {
  if (parts.base == "target") return;
  p.fail("kind", "drafts for the target alone, not for the small model of a cascade");
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
  DraftHeads& heads = parts.draft_heads(HeadKind::medusa, read_heads_path(p), parts.base);
  return std::make_unique<Medusa>(heads, read_used(p, heads), *parts.topology, parts.distributions());
}

std::unique_ptr<Drafter> make_hydra(Params& p, const Parts& parts) {
  DraftHeads& heads = parts.draft_heads(HeadKind::hydra, read_heads_path(p), parts.base);
  return std::make_unique<Hydra>(heads, read_used(p, heads), *parts.topology, parts.distributions(),
                                 read_draw(p));
}

std::unique_ptr<Drafter> make_eagle(Params& p, const Parts& parts) {
  require_target(p, parts);  // a cascade forgets text whose features were read
  const FeatureDraft head = parts.feature_model(read_heads_path(p));
  return std::make_unique<Eagle>(head.told, head.charged, *parts.topology, parts.distributions(),
                                 read_draw(p));
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
  return std::make_unique<LookaheadDrafter>(parts.distributions(), s);
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
  require_target(p, parts);
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
  check_fit(made->traits(), {});
  return made;
}

std::unique_ptr<Drafter> make_merge(Params& p, const Parts& parts) {
  std::vector<Params> tables =
      p.tables({"of"},
               "drafters, such as [{ kind = \"ngram\" }, { kind = \"model\" }], each with a topology "
               "of its own if it names one; models by `from`");
  std::vector<std::unique_ptr<Drafter>> made;
  for (Params& table : tables) made.push_back(make_inner(table, parts));
  p.settle("of", tables);
  if (made.empty()) made.push_back(std::make_unique<NoDrafter>());
  auto merged = std::make_unique<MergedDrafter>(std::move(made));
  constexpr int kMost = 64;
  if (merged->traits().proposers > kMost) p.fail("of", fmt::format("has more than {} drafters", kMost));
  return merged;
}

std::unique_ptr<Drafter> make_cascade(Params& p, const Parts& parts) {
  const int length = p.integer({"length", "k", "gamma"}, 4, {.least = 1, .most = 1024}, "guesses per step");
  const std::string section = p.text({"from"}, "draft", "the config's section of the small model");
  Params inner = p.table({"inner"}, "what drafts for it; left out: { kind = \"ngram\" }");
  Params rule = p.table({"rule"}, "what judges there; left out: { kind = \"speculative_sampling\" }");
  if (inner.empty()) inner = Params(inner.section(), {{"kind", "ngram"}});
  if (rule.empty()) rule = Params(rule.section(), {{"kind", "speculative_sampling"}});
  LanguageModel& model = parts.draft_model(section);
  Parts within = parts;
  within.base = section;
  std::unique_ptr<Drafter> drafter = make_inner(inner, within);
  std::unique_ptr<AcceptanceRule> judge = make(rules(), rule, parts);
  check_fit(drafter->traits(), judge->needs());
  p.settle("inner", inner);
  p.settle("rule", rule);
  return std::make_unique<CascadeDrafter>(model, std::move(drafter), std::move(judge), parts.distributions(),
                                          length);
}

// Prices of a step; `key` asks for them, `instead` says what to set otherwise.
StepPrices step_prices(const Params& p, const Parts& parts, const std::string& key,
                       const std::string& instead, int sequences) {
  if (parts.prices == nullptr)
    p.fail(key, "weighs tokens against time: give a [price] section, or " + instead);
  if (!parts.free_drafts && !parts.prices->knows(Actor::draft)) {
    p.fail(key, "weighs tokens against time, and guesses cost passes of the draft: give price.draft, or " +
                    instead);
  }
  return {*parts.prices, parts.free_drafts, sequences};
}

int read_sequences(Params& p) {
  return p.integer({"sequences"}, 1, {.least = 1, .most = 65536},
                   "sequences that share a pass, for its price");
}

std::unique_ptr<Topology> make_sequoia(Params& p, const Parts& parts) {
  std::vector<double> acceptance =
      p.numbers({"acceptance", "acceptance_rate_vector", "p"}, {}, {.least = 0, .most = 1},
                "by rank, the probability that a node's child is accepted; []: Sequoia's published vector, "
                ".634 .108 ...");
  const Params::Range nodes_range{.least = 0, .most = 1024}, depth_range{.least = 0, .most = 64};
  TreeSize least{p.guesses({"nodes"}, {"size"}, 0, nodes_range, "guesses; 0: as many as pay under [price]"),
                 p.integer({"depth"}, 0, depth_range, "levels; 0: as many as pay under [price]")};
  TreeSize most{p.guesses({"most_nodes"}, {"max_budget"}, 127, {.least = 1, .most = 1024}, "where nodes = 0"),
                p.integer({"most_depth"}, 16, {.least = 1, .most = 64}, "where depth = 0")};
  const int context =
      p.integer({"context"}, 512, {.least = 0}, "cached positions of a sequence, for the prices");
  const int sequences = read_sequences(p);
  if (acceptance.empty()) acceptance = published_acceptance();
  double sum = 0;
  for (const double a : acceptance) sum += a;
  if (sum > 1 + 1e-9) p.fail("acceptance", fmt::format("has the sum {}; at most one child is accepted", sum));
  if (least.nodes > 0) most.nodes = least.nodes;
  if (least.depth > 0) most.depth = least.depth;
  const SequoiaSearch search(acceptance, most.nodes, most.depth);
  TreeSize size = most;
  if (least != most) {
    const bool given = least.nodes > 0;
    size = best_size(
        search, least, most,
        step_prices(p, parts, given ? "depth" : "nodes", "set topology.nodes and topology.depth", sequences),
        context);
  }
  return std::make_unique<Paths>(search.tree(size.nodes, size.depth));
}

std::unique_ptr<Topology> make_adaptive(Params& p, const Parts& parts) {
  enum class Schedule { heuristic, goodput, constant };
  const auto schedule = p.choose<Schedule>(
      {"schedule", "num_assistant_tokens_schedule"},
      {{"heuristic", Schedule::heuristic}, {"goodput", Schedule::goodput}, {"constant", Schedule::constant}},
      "heuristic: 2 more after a draft that was accepted whole, else 1 fewer; goodput: as many as promise "
      "most "
      "tokens per second under [price]; constant");
  const Params::Range range{.least = 1, .most = 1024};
  const int most = p.integer({"most"}, 16, range, "guesses per step, at most");
  const int length =
      p.integer({"length", "k", "num_assistant_tokens"}, 4, range, "guesses of the first step (not goodput)");
  const GoodputChain::Belief belief{
      p.number({"prior"}, 0.7, {.least = 0, .most = 1}, "believed before there is evidence (goodput)"),
      p.number({"weight"}, 2, {.least = 0, .open_least = true}, "of that belief, in guesses (goodput)"),
      p.number({"memory"}, 0.9, {.least = 0, .most = 1},
               "what evidence counts for one step later (goodput)")};
  const int sequences = read_sequences(p);
  if (schedule != Schedule::goodput && length > most)
    p.fail("length", fmt::format("= {} is more than most = {}", length, most));
  switch (schedule) {
    case Schedule::constant:
      return std::make_unique<Chain>(length);
    case Schedule::heuristic:
      return std::make_unique<HeuristicChain>(length, most);
    case Schedule::goodput:
      break;
  }
  return std::make_unique<GoodputChain>(
      most, belief, step_prices(p, parts, "schedule", "set topology.schedule = 'heuristic'", sequences));
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
       [](Params&, const Parts&) -> std::unique_ptr<Drafter> { return std::make_unique<NoDrafter>(); }, false,
       false},
      {"model", "a smaller model guesses",
       "Leviathan et al. 2023 (arXiv 2211.17192); Chen et al. 2023 (2302.01318)",
       [](Params& p, const Parts& parts) -> std::unique_ptr<Drafter> {
         const Draw draw = read_draw(p);
         const std::string section =
             p.text({"from"}, "draft", "the config's section of the model: draft, draft2, ... draft9");
         return std::make_unique<ModelDrafter>(parts.draft_model(section), *parts.topology,
                                               parts.distributions(), draw);
       }},
      {"ngram", "what followed the last few tokens earlier in the text",
       "Saxena 2023, prompt lookup decoding (github.com/apoorvumang/prompt-lookup-decoding)", make_ngram,
       true, false},
      {"early_exit", "the target's first layers guess", "LayerSkip, Elhoushi et al. 2024 (arXiv 2404.16710)",
       [](Params& p, const Parts& parts) -> std::unique_ptr<Drafter> {
         const Draw draw = read_draw(p);
         require_target(p, parts);
         const int layers = p.integer({"layers", "exit_layer", "assistant_early_exit"}, 2, {.least = 1},
                                      "of the target, before its head");
         return std::make_unique<ModelDrafter>(parts.early_exit(layers), *parts.topology,
                                               parts.distributions(), draw);
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
             parts.distributions(),
             p.integer({"window", "w", "length", "block_size"}, 8, {.least = 1, .most = 1024},
                       "guesses that are iterated at once"));
       },
       false, false},
      {"oracle", "what the target wrote by itself, each token right with a given probability", "",
       make_oracle, true, false},
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
                                    "each node as the ranks on its way from the root; or a published tree: "
                                    "mc_sim_7b_63 (Medusa's), eagle_25 (EAGLE-1's)",
                                    published_trees());
         if (paths.empty()) p.fail("paths", "is an empty list");
         return std::make_unique<Paths>(paths);
       }},
      {"sequoia", "the static tree that is best for an acceptance by rank, in a size that the prices favour",
       "Sequoia, Chen et al. 2024 (arXiv 2402.12374)", make_sequoia},
      {"best_first",
       "a dynamic tree of the paths that the draft model finds likeliest; drawn guesses are refused",
       "EAGLE-2, Li et al. 2024 (arXiv 2406.16858)",
       [](Params& p, const Parts&) -> std::unique_ptr<Topology> {
         const int nodes = p.guesses({"nodes", "max_total_draft_tokens"},
                                     {"total_token", "speculative_num_draft_tokens", "num_draft_tokens"}, 59,
                                     {.least = 1, .most = 4096}, "guesses that stay");
         const int depth =
             p.integer({"depth", "speculative_num_steps", "num_steps"}, 6, {.least = 1, .most = 1024},
                       "levels (EAGLE's code makes one more than its `depth` says)");
         const int top_k =
             p.integer({"top_k", "speculative_eagle_topk", "dynamic_tree_max_topK"}, 10,
                       {.least = 1, .most = 1024}, "nodes of a level that grow, and children of each");
         return std::make_unique<BestFirst>(nodes, depth, top_k);
       }},
      {"confident", "a chain that goes on while the draft model is sure of its guesses",
       "assisted generation in transformers; llama.cpp; SpecDec++, Huang et al. 2024 (arXiv 2405.19715)",
       [](Params& p, const Parts&) -> std::unique_ptr<Topology> {
         const int length = p.integer({"length", "k", "gamma", "num_assistant_tokens", "spec_draft_n_max"}, 8,
                                      {.least = 1, .most = 1024}, "guesses per step, at most");
         const double threshold = p.number(
             {"threshold", "p_min", "spec_draft_p_min", "draft_p_min", "assistant_confidence_threshold"}, 0.4,
             {.least = 0, .most = 1}, "confidence below which a guess is the last");
         using Measure = Confident::Measure;
         const auto measure =
             p.choose<Measure>({"measure"}, {{"token", Measure::token}, {"path", Measure::path}},
                               "token: the guess' own probability; path: the product of all so far");
         return std::make_unique<Confident>(length, threshold, measure);
       }},
      {"adaptive", "a chain whose length follows what was accepted before",
       "assisted generation in transformers; SmartSpec, Liu et al. 2024 (arXiv 2406.14066)", make_adaptive},
      {"budgeted",
       "chains that share one budget of nodes in a batch, as their paths are likely; texts depend on the "
       "batch, their distribution does not",
       "adaptive verification of vLLM; SmartSpec, Liu et al. 2024 (arXiv 2406.14066)",
       [](Params& p, const Parts&) -> std::unique_ptr<Topology> {
         const int length = p.integer({"length", "k", "num_speculative_tokens"}, 8,
                                      {.least = 1, .most = 1024}, "guesses of a sequence, at most");
         const int budget =
             p.integer({"budget"}, 16, {.least = 1, .most = 1 << 20}, "guesses of the whole batch that stay");
         return std::make_unique<Budgeted>(length, budget);
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
