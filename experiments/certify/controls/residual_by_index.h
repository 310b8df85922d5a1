// p and q are cut to their likeliest tokens, each list is sorted by token, and the residual subtracts the
// i-th of the one from the i-th of the other, whatever tokens those are. It shipped in llama.cpp's
// examples/speculative/speculative.cpp.
#pragma once

#include <algorithm>
#include <vector>

#include "core/ordered_sum.h"
#include "core/softmax.h"
#include "strategies/rules/speculative_sampling.h"

namespace speclab::bugs {

class ResidualByIndex : public SpeculativeSampling {
 protected:
  Choice choose(const Sequence& sequence, const Draft& draft, int node,
                std::span<const float> logits) override {
    const int first = draft.first_candidate(node);
    if (first == TokenTree::kNone || draft.draw() == Draw::fixed) {
      return SpeculativeSampling::choose(sequence, draft, node, logits);
    }
    p_.resize(logits.size());
    softmax(logits, sequence.sampling, p_);
    const std::span<const double> scores = draft.scores(node).f64();
    q_.assign(scores.begin(), scores.end());
    for (int child = first; child != TokenTree::kNone; child = draft.next_candidate(child)) {
      const auto x = static_cast<std::size_t>(draft.tree().token(child));
      if (sequence.judge_chance->bernoulli(p_[x] / q_[x])) return {.child = child};
      misaligned_subtract();
      if (draft.draw() == Draw::without_replacement) take_out(q_, static_cast<Token>(x));
    }
    return {.instead = static_cast<Token>(sequence.judge_chance->categorical(p_))};
  }

 private:
  // Entries that are 0 are not in the lists. Where nothing would be left, p stays.
  void misaligned_subtract() {
    residual_.assign(p_.size(), 0);
    std::size_t j = 0;
    for (std::size_t i = 0; i < p_.size(); ++i) {
      if (p_[i] <= 0) continue;
      while (j < q_.size() && q_[j] <= 0) ++j;
      residual_[i] = std::max(p_[i] - (j < q_.size() ? q_[j++] : 0), 0.0);
    }
    const double left = ordered_sum(residual_);
    if (left <= 0) return;
    for (std::size_t i = 0; i < p_.size(); ++i) p_[i] = residual_[i] / left;
  }

  std::vector<double> p_, q_, residual_;
};

}  // namespace speclab::bugs
