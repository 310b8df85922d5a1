#pragma once

#include <vector>

#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class NoResidual : public SpeculativeSampling {
 protected:
  Choice choose(int node, Residual& residual, RandomSource& chance) override {
    p_.assign(residual.p().begin(), residual.p().end());
    Choice choice = SpeculativeSampling::choose(node, residual, chance);
    const bool rejected =
        choice.child == TokenTree::kNone && residual.draft().first_candidate(node) != TokenTree::kNone;
    if (rejected) choice.instead = static_cast<Token>(chance.categorical(p_));
    return choice;
  }

 private:
  std::vector<double> p_;
};

}  // namespace speclab::bugs
