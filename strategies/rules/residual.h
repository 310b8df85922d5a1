#pragma once

#include <span>
#include <vector>

#include "core/draft.h"
#include "core/random_source.h"
#include "core/sequence.h"

namespace speclab {

// What a node's candidates are judged against while they are judged one after another: the target's p, and
// the distribution q that each proposer draws its next candidate from. Every rejection changes them.
class Residual {
 public:
  // Settings are applied to the target's logits; `draft` must outlive the judging of this node.
  void begin(const Draft& draft, int node, std::span<const float> logits, const Sampling& sampling);

  const Draft& draft() const { return *draft_; }
  std::span<double> p() { return p_; }
  std::span<double> q(int proposer);

  // The odds min(1, p(x) / q(x)) of a candidate x that was drawn so, but not cut at 1. The q of a `fixed`
  // candidate is one-hot.
  double odds(int child, Draw draw);

  // A candidate was rejected that had been accepted with probability min(1, share * odds): p becomes
  // norm(max(share p - q, 0)) (Leviathan et al. 2023, section 2.3), and where it was drawn without
  // replacement q loses it: the next is drawn from the rest, uniformly from the tokens not yet drawn where q
  // is used up (Sequoia, Chen et al. 2024, algorithm 2). Returns the sum before norm; where it is 0 rejection
  // was impossible, up to rounding, and p stays.
  double reject(int child, Draw draw, double share = 1);

  // Speculative sampling's decision on one candidate (Leviathan et al. 2023, algorithm 1), with q multiplied
  // by a lenience for the comparison (their appendix A.5).
  bool accepts(int child, Draw draw, RandomSource& chance, double lenience = 1);

 private:
  struct Proposal {
    std::vector<double> q;  // empty until it is needed at a node
    std::vector<Token> drawn;
  };
  void take_out_of(Proposal& proposal, Token token);

  const Draft* draft_ = nullptr;
  int node_ = 0;
  std::vector<double> p_;
  std::vector<Proposal> proposals_;  // by proposer
};

}  // namespace speclab
