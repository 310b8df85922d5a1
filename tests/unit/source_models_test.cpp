// The synthetic models keep the contract of core/language_model.h.
#include <gtest/gtest.h>

#include <cmath>

#include "core/models/sources/agreeing.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/markov.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/argmax.h"
#include "core/random/counter_rng.h"
#include "tests/support/model_conformance.h"

namespace speclab {
namespace {

TEST(SourceModel, MarkovConforms) {
  check_model_conformance(
      [] { return std::make_unique<SourceModel>(std::make_shared<const Markov>(Markov::random(7, 4, 1))); },
      64);
}

TEST(SourceModel, HashedConforms) {
  check_model_conformance([] { return std::make_unique<SourceModel>(std::make_shared<const Hashed>(16, 1)); },
                          64);
}

TEST(Agreeing, IsRightAsOftenAsItSays) {
  const auto target = std::make_shared<const Hashed>(16, 1);
  const Agreeing draft(target, {0.7, 0.4}, {0.5}, 3);
  constexpr int kSites = 40'000;
  for (const int depth : {1, 2, 3}) {
    int first = 0, second = 0;
    for (int i = 0; i < kSites; ++i) {
      std::vector<float> wanted(16), row(16);
      const Site site{0, mix64(static_cast<std::uint64_t>(i)), depth};
      target->logits(site, wanted);
      draft.logits(site, row);
      const auto best = static_cast<std::size_t>(argmax(wanted));
      int above = 0;
      for (const float x : row) above += x > row[best] ? 1 : 0;
      first += above == 0 ? 1 : 0;
      second += above == 1 ? 1 : 0;
    }
    const double a = depth == 1 ? 0.7 : 0.4, tolerance = 5 * 0.5 / std::sqrt(kSites);
    EXPECT_NEAR(first / double{kSites}, a, tolerance);
    EXPECT_NEAR(second / double{kSites}, (1 - a) * 0.5, tolerance);
  }
}

}  // namespace
}  // namespace speclab
