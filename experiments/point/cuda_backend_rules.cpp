#include "experiments/point/cuda_backend_rules.h"

#include <typeinfo>

#include "kernels/cuda/cuda_row_stats.h"
#include "kernels/cuda/cuda_sample_and_match.h"
#include "kernels/cuda/cuda_tree_rule.h"
#include "kernels/cuda/device_row_reader.h"
#include "strategies/rules/by_temperature.h"
#include "strategies/rules/deterministic_rule.h"
#include "strategies/rules/greedy.h"
#include "strategies/rules/rows_read.h"

namespace speclab {
namespace {

using Candidates = CudaTreeRule::Candidates;
using JudgeTrees = CudaTreeRule::JudgeTrees;

JudgeTrees kernels_of(const DeviceForm& form) {
  switch (form.kernel) {
    case DeviceForm::Kernel::in_turn:
      return [turn = InTurn{.lenience = form.lenience, .at_random = form.at_random}](
                 const TreeVerdicts& task, Stream& stream) { verdicts_in_turn(task, turn, stream); };
    case DeviceForm::Kernel::from_the_leaves:
      return traversal_verdicts;
    case DeviceForm::Kernel::kseq:
      return kseq_verdicts;
    case DeviceForm::Kernel::none:
    case DeviceForm::Kernel::sample_and_match:
      break;
  }
  return nullptr;
}

template <class Rule>
std::unique_ptr<Rule> taken_as(std::unique_ptr<AcceptanceRule>& rule) {
  auto* const found = dynamic_cast<Rule*>(rule.get());
  if (found != nullptr) (void)rule.release();
  return std::unique_ptr<Rule>(found);
}

std::unique_ptr<AcceptanceRule> by_facts(std::unique_ptr<DeterministicRule> rule,
                                         const CudaRuleOptions& options) {
  rule->ask(std::make_unique<CudaRowStats>(options));
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
  if (auto facts = taken_as<DeterministicRule>(rule)) return by_facts(std::move(facts), options);
  if (auto* either = dynamic_cast<ByTemperature*>(rule.get())) {
    for (std::unique_ptr<AcceptanceRule>& each : either->rules()) each = cuda_rule(std::move(each), options);
    return rule;
  }
  const DeviceForm form = rule->device_form();
  const bool its_own = form.of != nullptr && *form.of == typeid(*rule);
  if (its_own && form.kernel == DeviceForm::Kernel::sample_and_match)
    return sampling(std::make_unique<CudaSampleAndMatch>(std::move(rule), options), options);
  if (JudgeTrees kernels = its_own ? kernels_of(form) : nullptr) {
    const auto candidates = form.drafts_are_certain ? Candidates::as_certain : Candidates::as_drawn;
    return sampling(std::make_unique<CudaTreeRule>(std::move(rule), candidates, std::move(kernels), options),
                    options);
  }
  return std::make_unique<RowsRead>(std::move(rule), std::make_unique<DeviceRowReader>(options.stream));
}

}  // namespace speclab
