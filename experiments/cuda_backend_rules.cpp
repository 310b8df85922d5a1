#include "experiments/cuda_backend_rules.h"

#include <typeinfo>

#include "kernels/cuda/cuda_row_facts.h"
#include "kernels/cuda/cuda_sample_and_match.h"
#include "kernels/cuda/cuda_tree_rule.h"
#include "kernels/cuda/device_row_reader.h"
#include "strategies/rules/block.h"
#include "strategies/rules/by_temperature.h"
#include "strategies/rules/greedy.h"
#include "strategies/rules/kseq.h"
#include "strategies/rules/lenient.h"
#include "strategies/rules/multi_round.h"
#include "strategies/rules/rows_read.h"
#include "strategies/rules/sample_and_match.h"
#include "strategies/rules/speculative_sampling.h"
#include "strategies/rules/target_only.h"
#include "strategies/rules/traversal.h"
#include "strategies/rules/without_replacement.h"

namespace speclab {
namespace {

using Candidates = CudaTreeRule::Candidates;
using JudgeTrees = CudaTreeRule::JudgeTrees;

JudgeTrees in_turn(InTurn turn) {
  return [turn](const TreeVerdicts& task, Stream& stream) { verdicts_in_turn(task, turn, stream); };
}

// What judges trees in the place of a rule of exactly this class; null where nothing does.
JudgeTrees kernels_of(const AcceptanceRule& rule) {
  const std::type_info& type = typeid(rule);
  if (type == typeid(SpeculativeSampling) || type == typeid(TargetOnly) || type == typeid(WithoutReplacement))
    return in_turn({});
  if (type == typeid(MultiRound)) return in_turn({.at_random = true});
  if (type == typeid(LenientSampling))
    return in_turn({.lenience = static_cast<const LenientSampling&>(rule).lenience()});
  if (type == typeid(KSeq)) return kseq_verdicts;
  if (type == typeid(Traversal) || type == typeid(Block)) return traversal_verdicts;
  return nullptr;
}

template <class Rule>
std::unique_ptr<Rule> taken_as(std::unique_ptr<AcceptanceRule>& rule) {
  auto* const found = dynamic_cast<Rule*>(rule.get());
  if (found != nullptr) (void)rule.release();
  return std::unique_ptr<Rule>(found);
}

std::unique_ptr<AcceptanceRule> by_facts(std::unique_ptr<FactRule> rule, const CudaRuleOptions& options) {
  rule->ask(std::make_unique<CudaRowFacts>(options));
  return rule;
}

// A rule that samples follows the likeliest token at temperature 0.
std::unique_ptr<AcceptanceRule> sampling(std::unique_ptr<AcceptanceRule> above,
                                         const CudaRuleOptions& options) {
  return std::make_unique<ByTemperature>(by_facts(std::make_unique<Greedy>(), options), std::move(above));
}

}  // namespace

std::unique_ptr<AcceptanceRule> cuda_rule(std::unique_ptr<AcceptanceRule> rule,
                                          const CudaRuleOptions& options) {
  if (auto facts = taken_as<FactRule>(rule)) return by_facts(std::move(facts), options);
  if (auto* either = dynamic_cast<ByTemperature*>(rule.get())) {
    for (std::unique_ptr<AcceptanceRule>& each : either->rules()) each = cuda_rule(std::move(each), options);
    return rule;
  }
  if (typeid(*rule) == typeid(SampleAndMatch))
    return sampling(std::make_unique<CudaSampleAndMatch>(std::move(rule), options), options);
  if (JudgeTrees kernels = kernels_of(*rule)) {
    const auto candidates =
        typeid(*rule) == typeid(TargetOnly) ? Candidates::as_certain : Candidates::as_drawn;
    return sampling(std::make_unique<CudaTreeRule>(std::move(rule), candidates, std::move(kernels), options),
                    options);
  }
  return std::make_unique<RowsRead>(std::move(rule), std::make_unique<DeviceRowReader>(options.stream));
}

}  // namespace speclab
