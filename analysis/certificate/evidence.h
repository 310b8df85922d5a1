#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/certificate/emission.h"
#include "analysis/certificate/prefix_table.h"
#include "analysis/certificate/uniformity.h"
#include "core/random/counter_rng.h"

namespace speclab {

// One test of a certificate.
struct Finding {
  std::string name;      // short, unique within a certificate
  std::string question;  // what it would notice
  std::int64_t n = 0;    // observations
  double statistic = 0;
  int degrees = 0;  // of chi-square; 0: a normal z
  double p_value = 1;
};

// All that a certificate keeps of emitted tokens: counts and sums, whose size does not grow with them.
//
// Only what is known before a token is chosen may group the tokens: the position in the step, and whether
// there were drafts. Accepted tokens alone are *not* distributed as the target, nor are replaced ones.
class Evidence {
 public:
  static constexpr int kPositions = 4;  // 1, 2, 3, and 4 or later

  // The seed is that of the transform's randomisation; it must not be the decoder's.
  explicit Evidence(std::uint64_t seed) : seed_(seed) {}

  // Returns what the transform made of the token.
  Transforms add(const Emission& emission);
  // First tokens of one step, of sequences that were decoded together.
  void add_mates(const Transforms& one, const Transforms& other);

  std::int64_t tokens() const { return all_.total; }
  std::int64_t impossible() const { return impossible_; }  // tokens that the target gives probability 0
  std::vector<Finding> findings() const;                   // those for which there are observations enough
  // The mean of sum(min(p, q)) where a step begins: what speculative sampling accepts of one drawn guess
  // there, and the most that any lossless rule can (1 - TV(p, q)). NaN where no guesses were drawn.
  double overlap() const;
  const UnitHistogram& by_probability() const { return all_; }
  const UnitHistogram& by_ratio() const { return ratio_; }

  struct Panel {
    std::string name;
    const UnitHistogram* histogram;
  };
  std::vector<Panel> panels() const;  // every histogram there is, for files and figures

 private:
  struct Excess {  // of a score over its mean: a martingale
    std::int64_t n = 0;
    double excess = 0, variance = 0;
    void add(double excess_here, double variance_here) {
      ++n;
      excess += excess_here;
      variance += variance_here;
    }
  };
  struct Waiting {
    std::uint64_t taken = 0;  // uniforms of this sequence
    bool open = false;        // a token waits for its successor
    Transforms first;
  };
  struct PairTest {  // how two tokens hang together
    PairHistogram by_probability, by_ratio;
    void add(const Transforms& one, const Transforms& other);
  };

  std::uint64_t seed_;
  UnitHistogram all_, index_, bonus_, ratio_;
  UnitHistogram drafted_[kPositions], drafted_ratio_[kPositions];
  Excess surprise_, drafted_surprise_, bonus_surprise_, share_, weight_;
  PairTest successors_, batch_pairs_;
  PrefixTable prefixes_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;  // by sequence
  std::int64_t impossible_ = 0;
  double overlaps_ = 0;  // summed
  std::int64_t roots_ = 0;
};

}  // namespace speclab
