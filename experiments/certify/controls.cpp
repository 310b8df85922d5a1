#include "experiments/certify/controls.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/cost/constant_cost.h"
#include "core/errors.h"
#include "core/settings/nearest_names.h"
#include "experiments/certify/controls/argmax_draft_full_q.h"
#include "experiments/certify/controls/block_early_break.h"
#include "experiments/certify/controls/bonus_from_q.h"
#include "experiments/certify/controls/kseq_unscaled.h"
#include "experiments/certify/controls/no_residual.h"
#include "experiments/certify/controls/p_not_rescaled.h"
#include "experiments/certify/controls/q_before_top_k.h"
#include "experiments/certify/controls/q_not_reduced.h"
#include "experiments/certify/controls/resample_same_p.h"
#include "experiments/certify/controls/residual_by_index.h"
#include "experiments/certify/controls/residual_reuses_uniform.h"
#include "experiments/certify/controls/same_uniform.h"
#include "experiments/certify/controls/shared_randomness.h"
#include "experiments/certify/controls/sibling_tried_twice.h"
#include "experiments/certify/controls/sorted_children.h"
#include "experiments/certify/controls/swapped_ratio.h"
#include "experiments/certify/controls/traversal_keeps_alpha.h"
#include "experiments/certify/controls/typical_called_lossless.h"
#include "experiments/certify/controls/wrong_row.h"
#include "experiments/certify/small_world.h"

namespace speclab {
namespace {

template <class Bug>
std::unique_ptr<AcceptanceRule> rule() {
  return std::make_unique<Bug>();
}

template <class Bug>
std::unique_ptr<Distributions> distributions(Distributions& inner) {
  return std::make_unique<Bug>(inner);
}

template <class Bug>
void judge(std::span<Sequence> batch) {
  for (Sequence& s : batch) s.judge_chance = std::make_shared<Bug>(s.judge_chance);
}

std::unique_ptr<Topology> topology(const Combination& c) {
  nlohmann::json settings = c.topology_settings;
  settings["kind"] = c.topology;
  Params params("topology", std::move(settings));
  const ConstantCost prices(1, 0.1);
  Parts parts;
  parts.prices = &prices;
  return make(topologies(), params, parts);
}

}  // namespace

bool Control::applies_to(const Combination& c) const {
  return c.refusal.empty() && c.drafter == "model" && c.rule == breaks;
}

bool Control::shows_in(const Combination& c) const {
  if (!applies_to(c)) return false;
  const std::string draw = c.drafter_settings.value("draw", "without-replacement");
  return !(requirements.drawn && draw == "fixed") &&
         !(requirements.without_replacement && draw != "without-replacement") &&
         !(requirements.independent && draw != "independent") &&
         !(requirements.tree && topology(c)->width() == 1) &&
         !(requirements.scores && draw == "fixed" && !topology(c)->reads_confidence());
}

std::span<const Control> negative_controls() {
  static const std::vector<Control> table = {
      {.name = "no_residual",
       .bug = "after a rejection the token is drawn from p, not from the residual",
       .shipped = "romsto/Speculative-Decoding, skip_sample_adjustment",
       .rule = rule<bugs::NoResidual>},
      {.name = "residual_by_index",
       .bug = "the residual subtracts by place in two cut lists, not by token",
       .shipped = "llama.cpp, examples/speculative",
       .requirements = {.drawn = true, .top_k = true},
       .rule = rule<bugs::ResidualByIndex>},
      {.name = "q_before_top_k",
       .bug = "q is declared before top-k, guesses are drawn after",
       .shipped = "transformers, issue 47932",
       .requirements = {.drawn = true, .top_k = true},
       .distributions = distributions<bugs::QBeforeTopK>},
      {.name = "argmax_draft_full_q",
       .bug = "the likeliest guesses are judged as if drawn from the whole q",
       .shipped = "llama.cpp, examples/speculative; transformers, issues 32867 and 47932",
       .requirements = {.drawn = true},
       .distributions = distributions<bugs::ArgmaxDraftFullQ>},
      {.name = "same_uniform",
       .bug = "all accepts of a sequence compare with the same uniform number",
       .shipped = "feifeibear/LLMSpeculativeSampling, random_seed",
       .rewire = judge<bugs::SameUniform>},
      {.name = "residual_reuses_uniform",
       .bug = "the token after a rejection is drawn with the number that rejected",
       .shipped = "vllm-ascend, pull request 16370",
       .rewire = judge<bugs::ResidualReusesUniform>},
      {.name = "resample_same_p",
       .bug = "accepted where a draw from p is the guess, else drawn from p once more",
       .shipped = "Medusa, evaluate_posterior with nucleus sampling",
       .rule = rule<bugs::ResampleSameP>},
      {.name = "swapped_ratio",
       .bug = "accepted with probability min(1, q / p)",
       .shipped = "",
       .rewire = judge<bugs::SwappedRatio>},
      {.name = "bonus_from_q",
       .bug = "the token after an accepted path is drawn from the draft's scores",
       .shipped = "",
       .requirements = {.scores = true},
       .rule = rule<bugs::BonusFromQ>},
      {.name = "typical_called_lossless",
       .bug = "typical acceptance, which is lossy, claims to be lossless",
       .shipped = "Medusa and vLLM v0 have it, as lossy",
       .rule = rule<bugs::TypicalCalledLossless>},
      {.name = "sibling_tried_twice",
       .bug = "a rejected candidate is tried once more with the same odds",
       .shipped = "Medusa, evaluate_posterior",
       .rewire = judge<bugs::SiblingTriedTwice>},
      {.name = "sorted_children",
       .bug = "drawn children are judged likeliest first",
       .shipped = "",
       .requirements = {.drawn = true, .tree = true},
       .rule = rule<bugs::SortedChildren>},
      {.name = "q_not_reduced",
       .bug = "a rejected sibling drawn without replacement stays in q for the next",
       .shipped = "",
       .requirements = {.without_replacement = true, .tree = true},
       .rule = rule<bugs::QNotReduced>},
      {.name = "wrong_row",
       .bug = "what follows an accepted guess is judged by its parent's row",
       .shipped = "openvino.genai, issue 4190 (one row too late)",
       .rule = rule<bugs::WrongRow>},
      {.name = "shared_randomness",
       .bug = "the sequences of a batch read the same uniform numbers",
       .shipped = "TensorRT-LLM, issue 19487",
       .requirements = {.batch = true},
       .rewire = bugs::SharedRandomness::rewire},
      {.name = "block_early_break",
       .bug = "block verification stops at the first test that fails",
       .shipped = "",
       .breaks = "block",
       .rule = rule<bugs::BlockEarlyBreak>},
      {.name = "traversal_keeps_alpha",
       .bug = "a node is as acceptable after its children were rejected as before",
       .shipped = "",
       .breaks = "traversal",
       .rule = rule<bugs::TraversalKeepsAlpha>},
      {.name = "kseq_unscaled",
       .bug = "K-SEQ's residual takes away what one sibling emits, not what all do",
       .shipped = "",
       .requirements = {.independent = true, .tree = true},
       .breaks = "kseq",
       .rule = rule<bugs::KSeqUnscaled>},
      {.name = "p_not_rescaled",
       .bug = "what a rejection leaves of p is not scaled to one for the next sibling",
       .shipped = "",
       .requirements = {.without_replacement = true, .tree = true},
       .breaks = "without_replacement",
       .rule = rule<bugs::PNotRescaled>},
  };
  return table;
}

const Control& find_control(std::string_view name) {
  std::vector<std::string> names;
  for (const Control& control : negative_controls()) {
    if (control.name == name) return control;
    names.emplace_back(control.name);
  }
  throw ConfigError(fmt::format("no control '{}'{}; there are: {}", name,
                                did_you_mean(std::string(name), names), fmt::join(names, ", ")));
}

}  // namespace speclab
