#pragma once

#include <string>

#include "core/acceptance_rule.h"

namespace speclab {

// Passes every call on to another rule; a decorator overrides what it changes.
class RuleDecorator : public AcceptanceRule {
 public:
  explicit RuleDecorator(AcceptanceRule& inner) : inner_(inner) {}

  bool lossless(const Sampling& sampling) const override { return inner_.lossless(sampling); }
  RuleRequirements requirements() const override { return inner_.requirements(); }
  std::string judges_on() const override { return inner_.judges_on(); }
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override {
    inner_.judge(batch, drafts, target, verdicts);
  }

 protected:
  AcceptanceRule& inner_;
};

}  // namespace speclab
