#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/acceptance_rule.h"

namespace speclab {

// One rule for sequences at temperature 0, another for all others.
class ByTemperature : public AcceptanceRule {
 public:
  ByTemperature(std::unique_ptr<AcceptanceRule> at_zero, std::unique_ptr<AcceptanceRule> above)
      : rules_{std::move(at_zero), std::move(above)} {}

  bool lossless(const Sampling& sampling) const override {
    return rules_[sampling.temperature > 0]->lossless(sampling);
  }
  RuleRequirements requirements() const override { return rules_[1]->requirements(); }
  std::string judges_on() const override;
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override;

  // Its rules, at zero and above: to put others in their place.
  std::array<std::unique_ptr<AcceptanceRule>, 2>& rules() { return rules_; }

 private:
  std::array<std::unique_ptr<AcceptanceRule>, 2> rules_;
};

}  // namespace speclab
