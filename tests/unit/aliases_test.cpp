// Settings as other tools write them: the same value means the same here.
#include <gtest/gtest.h>

#include "core/constant_cost.h"
#include "core/errors.h"
#include "strategies/registry.h"

namespace speclab {
namespace {

using nlohmann::json;

struct Written {
  std::string kind, tool, alias;
  json value;
  std::string name;
  json meant;
};

TEST(Aliases, AreUnderstoodAsTheirToolsMeanThem) {
  const std::vector<Written> all{
      {"chain", "vLLM", "num_speculative_tokens", 5, "length", 5},
      {"chain", "transformers", "num_assistant_tokens", 20, "length", 20},
      {"chain", "transformers, prompt lookup", "prompt_lookup_num_tokens", 10, "length", 10},
      {"chain", "prompt lookup decoding", "num_pred_tokens", 10, "length", 10},
      {"chain", "TensorRT-LLM", "max_draft_len", 4, "length", 4},
      {"chain", "llama.cpp", "draft_max", 16, "length", 16},
      {"chain", "llama.cpp", "spec_draft_n_max", 3, "length", 3},
      {"chain", "gpt-fast", "speculate_k", 5, "length", 5},
      {"chain", "Leviathan et al.", "gamma", 7, "length", 7},
      {"paths", "Medusa, TensorRT-LLM", "medusa_choices", {{0}, {1}, {0, 0}}, "paths", {{0}, {1}, {0, 0}}},
      {"paths", "Medusa, by name", "medusa_choices", "mc_sim_7b_63", "paths", "mc_sim_7b_63"},
      {"paths", "vLLM", "speculative_token_tree", "[(0,), (0, 0), (1,)]", "paths", {{0}, {0, 0}, {1}}},
      {"paths",
       "vLLM, as JSON",
       "speculative_token_tree",
       " [[0], [0,0], [1]] ",
       "paths",
       {{0}, {0, 0}, {1}}},
      {"best_first", "EAGLE, root included", "total_token", 60, "nodes", 59},
      {"best_first", "SGLang, root included", "speculative_num_draft_tokens", 64, "nodes", 63},
      {"best_first", "TensorRT-LLM, root left out", "max_total_draft_tokens", 63, "nodes", 63},
      {"best_first", "SGLang", "speculative_num_steps", 5, "depth", 5},
      {"best_first", "SGLang", "speculative_eagle_topk", 8, "top_k", 8},
      {"best_first", "TensorRT-LLM", "dynamic_tree_max_topK", 10, "top_k", 10},
      {"confident", "transformers", "assistant_confidence_threshold", 0.4, "threshold", 0.4},
      {"confident", "llama.cpp", "draft_p_min", 0.75, "threshold", 0.75},
      {"adaptive", "transformers", "num_assistant_tokens_schedule", "constant", "schedule", "constant"},
      {"adaptive", "transformers", "num_assistant_tokens_schedule", "heuristic", "schedule", "heuristic"},
      {"adaptive", "transformers", "num_assistant_tokens_schedule", "heuristic_transient", "schedule",
       "heuristic_transient"},
  };
  for (const Written& w : all) {
    Params p("topology", {{"kind", w.kind}, {w.alias, w.value}});
    EXPECT_NO_THROW(make(topologies(), p, {})) << w.tool << ": " << w.alias;
    EXPECT_EQ(p.resolved().at(w.name), w.meant) << w.tool << ": " << w.alias;
  }
}

TEST(Aliases, TextThatIsNoListOfPathsIsRefused) {
  for (const char* text : {"[(0,), (0, x)]", "[(0,)", "[[[[0]]]]", "(0,)", "[0, 1]", "[(-1,)]", "[]"}) {
    Params p("topology", {{"kind", "paths"}, {"speculative_token_tree", text}});
    EXPECT_THROW(make(topologies(), p, {}), ConfigError) << text;
  }
}

TEST(Aliases, AdaptiveIsGoodputWhereStepsArePriced) {
  const ConstantCost prices(1, 0.1);
  Parts priced;
  priced.prices = &prices;
  Params with("topology", {{"kind", "adaptive"}}), without = with;
  make(topologies(), with, priced);
  make(topologies(), without, {});
  EXPECT_EQ(with.resolved().at("schedule"), "goodput");
  EXPECT_EQ(without.resolved().at("schedule"), "heuristic");
}

}  // namespace
}  // namespace speclab
