// The statistics of a certificate: exact where integration is, by simulation with stated power elsewhere.
#include "analysis/certificate/certificate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/numerics/weighted_choice.h"
#include "core/random/counter_rng.h"

namespace speclab {
namespace {

const std::vector<double> kP{0.1, 0.4, 0.0, 0.2, 0.3}, kQ{0.5, 0.1, 0.2, 0.0, 0.2};

// P(transform <= u) where the token is drawn from `law` and v is uniform, by integration over v.
double below(double u, const std::vector<double>& law, std::span<const double> q,
             std::span<const Token> candidates, double Transforms::*order) {
  double total = 0;
  for (std::size_t x = 0; x < law.size(); ++x) {
    if (law[x] == 0) continue;
    const Emission emission{.p = kP, .q = q, .candidates = candidates, .token = static_cast<Token>(x)};
    const Transforms low = transforms(emission, 0), high = transforms(emission, 1);
    const double from = low.*order, to = high.*order;
    total += law[x] * std::clamp(to > from ? (u - from) / (to - from) : u >= from, 0.0, 1.0);
  }
  return total;
}

TEST(Transform, IsUniformExactlyUnderTheTarget) {
  const std::vector<Token> candidates{3, 1, 3};
  for (double u = 0; u <= 1; u += 1.0 / 64) {
    EXPECT_NEAR(below(u, kP, {}, {}, &Transforms::by_probability), u, 1e-12);
    EXPECT_NEAR(below(u, kP, {}, {}, &Transforms::by_index), u, 1e-12);
    EXPECT_NEAR(below(u, kP, kQ, {}, &Transforms::by_ratio), u, 1e-12);
    EXPECT_NEAR(below(u, kP, {}, candidates, &Transforms::by_ratio), u, 1e-12);
  }
}

TEST(Transform, TakesLikelyTokensAndDraftsFirst) {
  const auto at = [](Token token, bool ratio) {
    const Transforms t = transforms({.p = kP, .q = kQ, .token = token}, 0);
    return ratio ? t.by_ratio : t.by_probability;
  };
  EXPECT_DOUBLE_EQ(at(1, false), 0);
  EXPECT_DOUBLE_EQ(at(4, false), 0.4);
  EXPECT_DOUBLE_EQ(at(3, false), 0.7);
  EXPECT_DOUBLE_EQ(at(0, false), 0.9);
  EXPECT_DOUBLE_EQ(at(0, true), 0);  // q / p = 5
  EXPECT_DOUBLE_EQ(at(4, true), 0.1);
  EXPECT_DOUBLE_EQ(at(3, true), 0.8);
}

TEST(Transform, SeesALeakOfTheDraftInTheOrderByRatio) {
  std::vector<double> leaked(kP.size());
  for (std::size_t i = 0; i < kP.size(); ++i) leaked[i] = 0.9 * kP[i] + 0.1 * kQ[i];
  double largest = 0;
  for (double u = 0; u <= 1; u += 1.0 / 64) {
    largest = std::max(largest, below(u, leaked, kQ, {}, &Transforms::by_ratio) - u);
  }
  EXPECT_GT(largest, 0.04);  // 0.1 times the Kolmogorov distance of q from p in this order
}

// Under p both scores' excess has mean 0 and the variance that is said, by summation over all tokens.
TEST(Pull, HasMeanZeroAndItsVarianceUnderTheTarget) {
  const std::vector<Token> candidates{3, 1, 3};
  for (const bool drawn : {true, false}) {
    double share = 0, share_square = 0, weight = 0, weight_square = 0;
    Pull last;
    for (std::size_t x = 0; x < kP.size(); ++x) {
      Emission emission{.p = kP, .q = {}, .token = static_cast<Token>(x)};
      if (drawn) {
        emission.q = kQ;
      } else {
        emission.candidates = candidates;
      }
      last = pull(emission);
      share += kP[x] * last.share;
      share_square += kP[x] * last.share * last.share;
      weight += kP[x] * last.weight;
      weight_square += kP[x] * last.weight * last.weight;
    }
    EXPECT_NEAR(share, 0, 1e-15);
    EXPECT_NEAR(weight, 0, 1e-15);
    EXPECT_NEAR(share_square, last.share_variance, 1e-15);
    EXPECT_NEAR(weight_square, last.weight_variance, 1e-15);
    EXPECT_GT(last.weight_variance, 0.01);
  }
}

TEST(Surprise, IsEntropyAndItsVariance) {
  const std::vector<double> even{0.25, 0.25, 0.25, 0.25};
  EXPECT_NEAR(expected_surprise(even).mean, std::log(4), 1e-15);
  EXPECT_NEAR(expected_surprise(even).variance, 0, 1e-15);
  const std::vector<double> odd{0.9, 0.1};
  const double a = -std::log(0.9), b = -std::log(0.1), mean = 0.9 * a + 0.1 * b;
  EXPECT_NEAR(expected_surprise(odd).mean, mean, 1e-15);
  EXPECT_NEAR(expected_surprise(odd).variance, 0.9 * a * a + 0.1 * b * b - mean * mean, 1e-15);
}

TEST(EqualCounts, HasPearsonsStatistic) {
  const std::vector<std::int64_t> counts{10, 20, 30, 40};
  EXPECT_DOUBLE_EQ(equal_counts_statistic(counts), (225 + 25 + 25 + 225) / 25.0);
  EXPECT_NEAR(chi_square_tail(18.307, 10), 0.05, 1e-4);  // tables
  EXPECT_NEAR(normal_tail(1.959964), 0.05, 1e-6);
}

// A histogram of n draws from the hardest law at a distance: mass moved from one half to the other.
UnitHistogram drawn(std::int64_t n, double distance, std::uint64_t seed) {
  std::vector<double> law(UnitHistogram::kBins, 1.0 / UnitHistogram::kBins);
  for (int i = 0; i < UnitHistogram::kBins; ++i) {
    law[i] += (i % 2 == 0 ? 2 : -2) * distance / UnitHistogram::kBins;
  }
  CounterRng chance(seed, 0, 0);
  UnitHistogram histogram;
  for (std::int64_t i = 0; i < n; ++i) {
    histogram.add((chance.categorical(law) + 0.5) / UnitHistogram::kBins);
  }
  return histogram;
}

// Planted biases of the size that is claimed are noticed as often as is claimed: 0.9 here, so that 400
// trials can tell (standard error 0.015).
TEST(DetectableDistance, IsDetectedAsOftenAsItSays) {
  const std::int64_t n = 4000;
  const double level = 1e-3, power = 0.9;
  const double distance = detectable_distance(n, UnitHistogram::kBins, level, power);
  EXPECT_GT(distance, 0.02);
  EXPECT_LT(distance, 0.12);
  int detected = 0, wrong = 0;
  constexpr int kTrials = 400;
  for (std::uint64_t seed = 0; seed < kTrials; ++seed) {
    const auto rejected = [&](const UnitHistogram& h) {
      return chi_square_tail(equal_counts_statistic(h.counts), UnitHistogram::kBins - 1) < level;
    };
    detected += rejected(drawn(n, distance, seed)) ? 1 : 0;
    wrong += rejected(drawn(n, 0, seed)) ? 1 : 0;
  }
  EXPECT_NEAR(detected / double{kTrials}, power, 4 * 0.015);
  EXPECT_LE(wrong, 4);
}

TEST(DetectableDistance, ShrinksWithTheRootOfN) {
  const double few = detectable_distance(10'000, 16, 1e-4, 0.99);
  const double many = detectable_distance(40'000, 16, 1e-4, 0.99);
  EXPECT_NEAR(few / many, 2, 1e-6);
  EXPECT_EQ(detectable_distance(10, 16, 1e-4, 0.99), 1);
  const std::int64_t enough = numbers_to_detect(0.05, 16, 1e-4, 0.99);
  EXPECT_LE(detectable_distance(enough, 16, 1e-4, 0.99), 0.05);
  EXPECT_GT(detectable_distance(enough - 1, 16, 1e-4, 0.99), 0.05);
}

TEST(DistanceBound, HoldsTheTrueDistance) {
  for (const double distance : {0.0, 0.02, 0.1}) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const DistanceBound bound = distance_bound(drawn(5000, distance, seed), 0.01);
      EXPECT_LE(bound.lower, distance);
      EXPECT_GE(bound.upper, distance);
    }
  }
  EXPECT_GT(distance_bound(drawn(50'000, 0.1, 1), 0.01).lower, 0.05);
}

TEST(Band, HoldsAllBinsAsOftenAsItSays) {
  const Band band = uniform_band(5000, UnitHistogram::kBins, 0.05);
  int outside = 0;
  constexpr int kTrials = 400;
  for (std::uint64_t seed = 0; seed < kTrials; ++seed) {
    const UnitHistogram histogram = drawn(5000, 0, seed);
    const auto [min, max] = std::ranges::minmax_element(histogram.counts);
    outside += static_cast<double>(*min) < band.low || static_cast<double>(*max) > band.high ? 1 : 0;
  }
  EXPECT_LE(outside, 0.05 * kTrials + 4 * 4.4);
  EXPECT_GE(outside, 4);  // a band so wide that nothing leaves it would show nothing
}

TEST(InterimLooks, SpendTheLevelOnce) {
  double spent = 0;
  for (int look = 1; look <= 10'000; ++look) spent += level_of_look(0.01, look);
  EXPECT_LE(spent, 0.01);
  EXPECT_GT(spent, 0.0099);
}

// Draws tokens of one long text from `law`, tells the evidence that they came from kP.
Evidence evidence_of(const std::vector<double>& law, int tokens, std::uint64_t seed) {
  Evidence evidence(seed + 1'000'000);
  CounterRng chance(seed, 1, 2);
  for (int i = 0; i < tokens; ++i) {
    Emission emission{.p = kP, .q = i % 3 < 2 ? std::span<const double>(kQ) : std::span<const double>()};
    emission.token = static_cast<Token>(chance.categorical(law));
    emission.position = i % 3 + 1;
    emission.context = i % 4 == 0 ? 7 : 0;
    evidence.add(emission);
  }
  return evidence;
}

TEST(Certificate, DecidesThreeWays) {
  EXPECT_EQ(certify(evidence_of(kP, 20'000, 1), {}).decision, Decision::lossless);
  EXPECT_EQ(certify(evidence_of(kP, 500, 1), {}).decision, Decision::undecided);
  const std::vector<double> other{0.15, 0.35, 0.0, 0.2, 0.3};
  const Certificate lossy = certify(evidence_of(other, 20'000, 1), {});
  EXPECT_EQ(lossy.decision, Decision::lossy);
  EXPECT_GT(lossy.distance.lower, 0);
  EXPECT_LT(lossy.distance.lower, 0.05);  // the distance that was planted
  EXPECT_GT(lossy.distance.upper, 0.05);
}

TEST(Certificate, CallsATokenThatCannotBeLossy) {
  std::vector<double> rare = kP;
  rare[2] = 1e-3;  // never, says the target
  EXPECT_EQ(certify(evidence_of(rare, 20'000, 1), {}).decision, Decision::lossy);
}

TEST(Certificate, AdjustsAsHolmSays) {
  const std::vector<double> near{0.11, 0.39, 0.0, 0.2, 0.3};
  const Certificate c = certify(evidence_of(near, 20'000, 3), {});
  ASSERT_GT(c.tests.size(), 5u);
  double largest = 0;
  int open = 0;  // neither sure nor hopeless
  for (std::size_t i = 0; i < c.tests.size(); ++i) {
    const double rivals = static_cast<double>(c.tests.size() - i);
    largest = std::max(largest, std::min(1.0, 2 * rivals * c.tests[i].finding.p_value));
    EXPECT_DOUBLE_EQ(c.tests[i].adjusted, largest);
    EXPECT_EQ(c.tests[i].rejected, largest < 1e-3);
    open += largest > 1e-12 && largest < 1 ? 1 : 0;
  }
  EXPECT_GE(open, 2);
}

TEST(Certificate, KnowsHowManyTestsItMayHold) {
  EXPECT_LE(certify(evidence_of(kP, 200'000, 3), {}).tests.size(), static_cast<std::size_t>(kMaxTests));
}

TEST(PrefixTable, PoolsThinCellsAndSeesAShift) {
  PrefixTable honest, shifted;
  CounterRng chance(5, 0, 0);
  const std::vector<double> other{0.2, 0.3, 0.0, 0.2, 0.3};
  for (int i = 0; i < 2000; ++i) {
    honest.add(1, kP, chance.categorical(kP));
    shifted.add(1, kP, chance.categorical(other));
    honest.add(2 + static_cast<std::uint64_t>(i), kP, 1);  // texts that come once say nothing
  }
  EXPECT_EQ(honest.fit().degrees, 3);
  EXPECT_EQ(honest.fit().tokens, 2000);
  EXPECT_GT(chi_square_tail(honest.fit().statistic, 3), 1e-6);
  EXPECT_LT(chi_square_tail(shifted.fit().statistic, 3), 1e-12);
}

}  // namespace
}  // namespace speclab
