// Settings as other tools write them: the same value means the same here.
#include <gtest/gtest.h>

#include "core/cost/constant_cost.h"
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
      {"chain", "SGLang", "speculative_num_steps", 5, "length", 5},
      {"chain", "SGLang, root included", "speculative_num_draft_tokens", 6, "length", 5},
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
      {"confident", "llama.cpp", "draft_max", 16, "length", 16},
      {"confident", "vLLM", "num_speculative_tokens", 5, "length", 5},
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

std::string refusal(const json& topology) {
  Params p("topology", topology);
  try {
    make(topologies(), p, {});
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none; length " + p.resolved().at("length").dump();
}

TEST(Aliases, WhatHasNoMeaningHereIsRefusedWithTheReason) {
  for (const char* kind : {"chain", "confident"}) {
    for (const char* name : {"draft_min", "n_min", "spec_draft_n_min"}) {
      EXPECT_EQ(
          refusal({{"kind", kind}, {name, 2}}),
          std::string("topology.") + name +
              " = 2 has no meaning here, only 0 or 1 has: drafts that turn out short are used here too");
      EXPECT_EQ(refusal({{"kind", kind}, {"draft_max", 7}, {name, 1}}), "none; length 7");
    }
  }
  EXPECT_EQ(
      refusal({{"kind", "chain"}, {"speculative_eagle_topk", 4}}),
      "topology.speculative_eagle_topk = 4 has no meaning here, only 1 has: a chain has one guess at each "
      "depth; kind = 'best_first' has more");
  const json sglang = {{"kind", "chain"}, {"speculative_num_steps", 3}, {"speculative_eagle_topk", 1}};
  json whole = sglang;
  whole["speculative_num_draft_tokens"] = 4;
  EXPECT_EQ(refusal(sglang), "none; length 3");
  EXPECT_EQ(refusal(whole), "none; length 3");
  whole["speculative_num_draft_tokens"] = 8;
  EXPECT_NE(refusal(whole).find("speculative_num_draft_tokens = 8 has no meaning here, only 4 has"),
            std::string::npos);
  EXPECT_NE(refusal({{"kind", "best_first"}, {"total_token", -1}})
                .find("total_token = -1 has no meaning here: EAGLE then times its target"),
            std::string::npos);
}

// As vLLM, SGLang, TensorRT-LLM, llama.cpp and papers call them.
TEST(Aliases, KindsOfOtherToolsAreToldWhatTheyAreHere) {
  const auto said = [](const auto& entries, const std::string& section, const std::string& kind) {
    Params p(section, {{"kind", kind}});
    try {
      chosen_entry(entries, p);
    } catch (const ConfigError& error) {
      const std::string text = error.what();
      const std::size_t begin = text.find("here it is '"), end = text.find("'; there are: ");
      return begin == std::string::npos ? text : text.substr(begin + 12, end - begin - 12);
    }
    return std::string("no ConfigError");
  };
  for (const auto& [theirs, ours] :
       std::vector<std::pair<std::string, std::string>>{{"eagle3", "eagle"},
                                                        {"EAGLE3", "eagle"},
                                                        {"NGRAM", "ngram"},
                                                        {"STANDALONE", "model"},
                                                        {"draft_model", "model"},
                                                        {"ngram-simple", "ngram"},
                                                        {"prompt_lookup", "ngram"},
                                                        {"lookahead_decoding", "lookahead"},
                                                        {"LayerSkip", "early_exit"}})
    EXPECT_EQ(said(drafters(), "drafter", theirs), ours) << theirs;
  for (const auto& [theirs, ours] :
       std::vector<std::pair<std::string, std::string>>{{"eagle2", "best_first"},
                                                        {"dynamic_tree", "best_first"},
                                                        {"medusa_choices", "paths"},
                                                        {"linear", "chain"}})
    EXPECT_EQ(said(topologies(), "topology", theirs), ours) << theirs;
  for (const auto& [theirs, ours] :
       std::vector<std::pair<std::string, std::string>>{{"rejection_sampler", "speculative_sampling"},
                                                        {"typical_acceptance_sampler", "typical"},
                                                        {"block_verification", "block"}})
    EXPECT_EQ(said(rules(), "rule", theirs), ours) << theirs;
  EXPECT_NE(said(drafters(), "drafter", "ngrm").find("did you mean 'ngram'?; there are: none, model"),
            std::string::npos);
  EXPECT_NE(said(rules(), "rule", "eagle3").find("= 'eagle3' is not known; there are: "), std::string::npos);
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
