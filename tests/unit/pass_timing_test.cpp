#include "experiments/point/pass_timing.h"

#include <gtest/gtest.h>

#include <memory>

#include "core/cost/clocks.h"
#include "core/metered.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/source_model.h"

namespace speclab {
namespace {

// Known times, of which every seventh is disturbed.
class KnownTimes : public CostModel {
 public:
  static Seconds pass(Actor actor, int new_tokens, std::int64_t context, int rows) {
    return (actor == Actor::target ? 1 : 0.1) + 0.01 * new_tokens + 1e-4 * static_cast<double>(context) +
           1e-6 * rows;
  }
  Seconds price(const Work& work) const override {
    if (work.op != Op::forward) return 1000;
    const Seconds own = pass(work.actor, work.new_tokens, work.context, work.rows);
    return ++passes_ % 7 == 0 ? own + 50 : own;
  }

 private:
  mutable int passes_ = 0;
};

class PassTiming : public testing::Test {
 protected:
  static SourceModel source(std::uint64_t seed) {
    return SourceModel(std::make_shared<const Hashed>(16, seed));
  }

  KnownTimes times_;
  AnalyticClock clock_{times_};
  SourceModel target_ = source(1), draft_ = source(2);
  Metered metered_target_{target_, Actor::target, clock_}, metered_draft_{draft_, Actor::draft, clock_};
  std::vector<TimedModel> models_{{&metered_target_, Actor::target, "t"},
                                  {&metered_draft_, Actor::draft, "d"}};
};

TEST(PassSizes, AreOneTokenOfMoreSequencesThenMoreTokens) {
  EXPECT_EQ(pass_sizes(1, 5), (std::vector<PassSize>{{1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}}));
  EXPECT_EQ(pass_sizes(6, 2), (std::vector<PassSize>{{1, 1}, {2, 1}, {4, 1}, {6, 1}, {6, 2}}));
  EXPECT_EQ(pass_sizes(1, 0).back(), (PassSize{1, 64}));
  EXPECT_EQ(pass_sizes(64, 0).back(), (PassSize{64, 8})) << "512 tokens together";
  EXPECT_EQ(pass_sizes(1024, 0).back(), (PassSize{512, 1}));
}

TEST_F(PassTiming, FindsTheTimesOfEachModelAtTheContextAskedFor) {
  for (const int sequences : {1, 3}) {
    const std::vector<PassTable> tables = time_passes(models_, clock_, sequences, 20);
    ASSERT_EQ(tables.size(), 2u);
    for (std::size_t m = 0; m < 2; ++m) {
      const std::vector<PassSize> sizes = pass_sizes(sequences, 0);
      ASSERT_EQ(tables[m].size(), sizes.size());
      for (std::size_t s = 0; s < sizes.size(); ++s) {
        const int tokens = sizes[s].new_tokens();
        const Seconds known = KnownTimes::pass(models_[m].actor, tokens, sizes[s].sequences * 19, tokens);
        EXPECT_EQ(tables[m][s].sequences, sizes[s].sequences);
        EXPECT_EQ(tables[m][s].new_tokens, tokens);
        EXPECT_NEAR(tables[m][s].seconds, known, 1e-9) << "actor " << m << ", " << tokens << " tokens";
      }
    }
  }
}

TEST_F(PassTiming, LeavesNothingOpen) {
  time_passes(models_, clock_, 2, 5);
  for (SourceModel* model : {&target_, &draft_}) {
    EXPECT_NO_THROW(model->open(SequenceId{0}));
    EXPECT_NO_THROW(model->open(SequenceId{1}));
  }
  EXPECT_TRUE(clock_.settle().empty());
}

TEST_F(PassTiming, KeepsWithinPositionsAndToWhatIsWanted) {
  models_[0].wanted = false;
  models_[1].max_positions = 22;
  const std::vector<PassTable> tables = time_passes(models_, clock_, 1, 20);
  EXPECT_TRUE(tables[0].empty());
  ASSERT_EQ(tables[1].size(), 3u) << "19 are cached";
  EXPECT_EQ(tables[1].back().new_tokens, 3);
}

TEST_F(PassTiming, ATextOfOneTokenHasNothingCached) {
  const std::vector<PassTable> tables = time_passes(models_, clock_, 1, 1);
  EXPECT_NEAR(tables[0].front().seconds, KnownTimes::pass(Actor::target, 1, 0, 1), 1e-9);
}

}  // namespace
}  // namespace speclab
