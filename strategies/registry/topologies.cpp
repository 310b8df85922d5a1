#include <algorithm>

#include "strategies/registry.h"
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
// Whether a step can be priced, and why not.
std::string unpriced(const Parts& parts) {
  if (parts.prices == nullptr) return "weighs tokens against time: give a [price] section";
  if (!parts.free_drafts && !parts.prices->knows(Actor::draft))
    return "weighs tokens against time, and guesses cost passes of the draft: give price.draft";
  return "";
}

// Prices of a step; `key` asks for them, `instead` says what to set otherwise.
StepPrices step_prices(const Params& p, const Parts& parts, const std::string& key,
                       const std::string& instead) {
  if (const std::string why = unpriced(parts); !why.empty()) p.fail(key, why + ", or " + instead);
  return {*parts.prices, parts.free_drafts};
}

constexpr int kMaxSequences = 65536;
constexpr int kMaxNodes = 4096;  // of a tree

std::unique_ptr<Topology> make_sequoia(Params& p, const Parts& parts) {
  std::vector<double> acceptance =
      p.numbers({"acceptance", "acceptance_rate_vector", "p"}, {}, {.min = 0, .max = 1},
                "by rank, the probability that a node's child is accepted; []: Sequoia's published vector, "
                ".634 .108 ...");
  const Params::Range nodes_range{.min = 0, .max = 1024}, depth_range{.min = 0, .max = 64};
  TreeSize min{p.guesses({"nodes"}, {"size"}, 0, nodes_range, "guesses; 0: as many as pay under [price]"),
               p.integer({"depth"}, 0, depth_range, "levels; 0: as many as pay under [price]")};
  TreeSize max{p.guesses({"most_nodes"}, {"max_budget"}, 127, {.min = 1, .max = 1024}, "where nodes = 0"),
               p.integer({"most_depth"}, 16, {.min = 1, .max = 64}, "where depth = 0")};
  const int context = p.integer({"context"}, 512, {.min = 0, .max = 1 << 24},
                                "cached positions of a sequence, for the prices");
  const int sequences =
      p.integer({"sequences"}, std::min(parts.batch, kMaxSequences), {.min = 1, .max = kMaxSequences},
                "sequences that share a pass, for the prices");
  p.left_out_is("workload.batch");
  if (acceptance.empty()) acceptance = published_acceptance();
  double sum = 0;
  for (const double a : acceptance) sum += a;
  if (sum > 1 + 1e-9) p.fail("acceptance", fmt::format("has the sum {}; at most one child is accepted", sum));
  if (min.nodes > 0) max.nodes = min.nodes;
  if (min.depth > 0) max.depth = min.depth;
  const SequoiaSearch search(acceptance, max.nodes, max.depth);
  TreeSize size = max;
  if (min != max) {
    const bool given = min.nodes > 0;
    size =
        best_size(search, min, max,
                  step_prices(p, parts, given ? "depth" : "nodes", "set topology.nodes and topology.depth"),
                  {sequences, static_cast<std::int64_t>(sequences) * context});
  }
  return std::make_unique<Paths>(search.tree(size.nodes, size.depth));
}

enum class Schedule { goodput, heuristic, constant };

Schedule read_schedule(Params& p, const Parts& parts) {
  using Choice = std::pair<std::string_view, Schedule>;
  const Choice goodput{"goodput", Schedule::goodput}, heuristic{"heuristic", Schedule::heuristic},
      transient{"heuristic_transient", Schedule::heuristic}, constant{"constant", Schedule::constant};
  const Params::Names names{"schedule", "num_assistant_tokens_schedule"};
  const std::string_view help =
      "goodput: one length for a batch, that which promises most tokens per second under [price]; heuristic: "
      "2 "
      "more after a draft that was accepted whole, else 1 fewer, and in a batch the mean of that, whatever "
      "it "
      "costs; constant. Left out: goodput where steps are priced, else heuristic";
  return unpriced(parts).empty() ? p.choose<Schedule>(names, {goodput, heuristic, transient, constant}, help)
                                 : p.choose<Schedule>(names, {heuristic, transient, goodput, constant}, help);
}

std::unique_ptr<Topology> make_adaptive(Params& p, const Parts& parts) {
  const Schedule schedule = read_schedule(p, parts);
  const Params::Range range{.min = 1, .max = 1024};
  const int max = p.integer({"most"}, 16, range, "guesses per step, at most");
  const int length =
      p.integer({"length", "k", "num_assistant_tokens"}, 4, range, "guesses of the first step (not goodput)");
  GoodputChain::Settings goodput{.max = max};
  goodput.belief.acceptance = p.number({"prior"}, goodput.belief.acceptance, {.min = 0, .max = 1},
                                       "believed before there is evidence (goodput)");
  goodput.belief.weight =
      p.number({"weight"}, goodput.belief.weight, {.min = 0, .open_min = true},
               "of that belief, and of a depth's rate for the next one's, in guesses (goodput)");
  goodput.belief.memory = p.number({"memory"}, goodput.belief.memory, {.min = 0, .max = 1},
                                   "what evidence counts for one step later (goodput)");
  goodput.explore = p.number({"explore"}, goodput.explore, {.min = 0, .max = 1},
                             "part of the priced time that may go into looking one guess further (goodput)");
  goodput.sequences = p.integer({"sequences"}, 0, {.min = 0, .max = kMaxSequences},
                                "sequences that share a pass, for its price; 0: those that run (goodput)");
  if (schedule != Schedule::goodput && length > max)
    p.fail("length", fmt::format("= {} is more than most = {}", length, max));
  switch (schedule) {
    case Schedule::constant:
      return std::make_unique<Chain>(length);
    case Schedule::heuristic:
      return std::make_unique<HeuristicChain>(length, max);
    case Schedule::goodput:
      break;
  }
  return std::make_unique<GoodputChain>(
      goodput, step_prices(p, parts, "schedule", "set topology.schedule = 'heuristic'"));
}

// llama.cpp drops drafts that are shorter than this.
void read_least_draft(Params& p) {
  p.only({"draft_min", "n_min", "spec_draft_n_min"}, {0, 1}, "drafts that turn out short are used here too");
}

std::unique_ptr<Topology> make_chain(Params& p, const Parts&) {
  constexpr Params::Range range{.min = 1, .max = 1024};
  constexpr std::string_view help = "guesses per step";
  const Params::Names names{"length",
                            "k",
                            "gamma",
                            "num_speculative_tokens",
                            "num_assistant_tokens",
                            "prompt_lookup_num_tokens",
                            "num_pred_tokens",
                            "speculate_k",
                            "max_draft_len",
                            "draft_max",
                            "spec_draft_n_max",
                            "speculative_num_steps",
                            "num_steps"};
  const bool steps = !p.lacks("speculative_num_steps") || !p.lacks("num_steps");
  const int length =
      steps ? p.integer(names, 4, range, help)
            : p.guesses(names, {"speculative_num_draft_tokens", "num_draft_tokens"}, 4, range, help);
  if (steps) {
    p.only({"speculative_num_draft_tokens", "num_draft_tokens"}, {length + 1},
           "a chain has a guess a step, and SGLang counts the token before them too");
  }
  p.only({"speculative_eagle_topk"}, {1},
         "a chain has one guess at each depth; kind = 'best_first' has more");
  read_least_draft(p);
  return std::make_unique<Chain>(length);
}

}  // namespace

std::span<const Entry<Topology>> topologies() {
  static constexpr Entry<Topology> entries[] = {
      {"chain", "a straight line of `length` guesses", "Leviathan et al. 2023 (arXiv 2211.17192)",
       make_chain},
      {"layered", "every node of depth d has widths[d] children",
       "SpecInfer, Miao et al. 2024 (arXiv 2305.09781)",
       [](Params& p, const Parts&) -> std::unique_ptr<Topology> {
         auto widths =
             p.integers({"widths", "expansion"}, {3, 2, 1}, {.min = 1, .max = 1024}, "children by depth");
         if (widths.empty()) p.fail("widths", "is an empty list");
         std::int64_t nodes = 0, level = 1;
         for (const int width : widths) {
           level *= width;
           nodes += level;
           if (nodes > kMaxNodes) p.fail("widths", fmt::format("makes more than {} guesses", kMaxNodes));
         }
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
       "a dynamic tree of the paths that the draft model finds likeliest; drawn guesses are refused above "
       "temperature 0",
       "EAGLE-2, Li et al. 2024 (arXiv 2406.16858)",
       [](Params& p, const Parts&) -> std::unique_ptr<Topology> {
         p.never({"total_token", "total_tokens"}, -1,
                 "EAGLE then times its target on this machine and takes 40 to 60; give a number, or "
                 "kind = 'sequoia' with nodes = 0, which asks [price]");
         const int nodes =
             p.guesses({"nodes", "max_total_draft_tokens"},
                       {"total_token", "total_tokens", "speculative_num_draft_tokens", "num_draft_tokens"},
                       59, {.min = 1, .max = kMaxNodes}, "guesses that stay");
         const int depth =
             p.integer({"depth", "speculative_num_steps", "num_steps"}, 6, {.min = 1, .max = 1024},
                       "levels (EAGLE's code makes one more than its `depth` says)");
         const int top_k =
             p.integer({"top_k", "speculative_eagle_topk", "dynamic_tree_max_topK"}, 10,
                       {.min = 1, .max = 1024}, "nodes of a level that grow, and children of each");
         return std::make_unique<BestFirst>(nodes, depth, top_k);
       }},
      {"confident", "a chain that goes on while the draft model is sure of its guesses",
       "assisted generation in transformers; llama.cpp; SpecDec++, Huang et al. 2024 (arXiv 2405.19715)",
       [](Params& p, const Parts&) -> std::unique_ptr<Topology> {
         const int length = p.integer({"length", "k", "gamma", "num_assistant_tokens",
                                       "num_speculative_tokens", "draft_max", "spec_draft_n_max"},
                                      8, {.min = 1, .max = 1024}, "guesses per step, at most");
         read_least_draft(p);
         const double threshold = p.number(
             {"threshold", "p_min", "spec_draft_p_min", "draft_p_min", "assistant_confidence_threshold"}, 0.4,
             {.min = 0, .max = 1}, "confidence below which a guess is the last");
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
         const int length = p.integer({"length", "k", "num_speculative_tokens"}, 8, {.min = 1, .max = 1024},
                                      "guesses of a sequence, at most");
         const int budget =
             p.integer({"budget"}, 16, {.min = 1, .max = 1 << 20}, "guesses of the whole batch that stay");
         return std::make_unique<Budgeted>(length, budget);
       }},
  };
  return entries;
}

}  // namespace speclab
