#pragma once

#include <cstddef>
#include <vector>

namespace speclab {

// How often guesses were right, by depth, of all sequences together: of a mixture of easy and hard texts the
// rates rise with depth, and no single rate foretells its tokens. A depth of which little is known is taken
// to be as the one above it, the first as believed.
class AcceptanceEstimate {
 public:
  struct Belief {
    double acceptance = 0.7;  // of the first guess, where nothing is known
    double weight = 2;        // as many guesses as belief, or the depth above, counts for
    double memory = 0.98;     // what a depth's guesses count for at its next ones
  };
  explicit AcceptanceEstimate(Belief belief) : belief_(belief) {}

  // That a guess at `depth` (1, 2, ...) is right where all above it are; given what `above` was estimated.
  double at(int depth, double above) const {
    if (static_cast<std::size_t>(depth) > evidence_.size()) return above;
    const Evidence& known = evidence_[depth - 1];
    return (belief_.weight * above + known.right) / (belief_.weight + known.judged);
  }
  double believed() const { return belief_.acceptance; }
  // Guesses at the first depth that were judged, older ones counting less.
  double judged() const { return evidence_.empty() ? 0 : evidence_.front().judged; }

  // Of a chain of `proposed` guesses the first `accepted` were right. `settle` closes a step.
  void add(int proposed, int accepted) {
    const auto judged = static_cast<std::size_t>(accepted < proposed ? accepted + 1 : accepted);
    if (evidence_.size() < judged) evidence_.resize(judged);
    for (std::size_t d = 0; d < judged; ++d) {
      evidence_[d].new_judged += 1;
      evidence_[d].new_right += d < static_cast<std::size_t>(accepted) ? 1 : 0;
    }
  }
  // A depth of which nothing new was seen keeps what it has.
  void settle() {
    for (Evidence& depth : evidence_) {
      if (depth.new_judged == 0) continue;
      depth.judged = depth.judged * belief_.memory + depth.new_judged;
      depth.right = depth.right * belief_.memory + depth.new_right;
      depth.new_judged = depth.new_right = 0;
    }
  }
  void forget() { evidence_.clear(); }

 private:
  struct Evidence {
    double judged = 0, right = 0, new_judged = 0, new_right = 0;
  };
  Belief belief_;
  std::vector<Evidence> evidence_;  // by depth, from 1
};

}  // namespace speclab
