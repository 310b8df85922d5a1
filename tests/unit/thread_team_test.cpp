#include "kernels/cpu/thread_team.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/errors.h"

namespace speclab {
namespace {

TEST(ThreadTeamTest, SharesCoverEverythingOnceAtGrains) {
  for (const int total : {0, 1, 15, 16, 17, 320, 4096}) {
    for (const int threads : {1, 2, 3, 7, 64}) {
      int next = 0;
      for (int thread = 0; thread < threads; ++thread) {
        const Share share = share_of(total, 16, thread, threads);
        EXPECT_EQ(share.begin, next);
        EXPECT_TRUE(share.begin % 16 == 0 || share.begin == total);
        next = share.end;
      }
      EXPECT_EQ(next, total);
    }
  }
}

// More threads than processors, so that some of them sleep at each barrier.
TEST(ThreadTeamTest, NobodyPassesABarrierEarly) {
  for (const int threads : {1, 2, 5}) {
    ThreadTeam team(threads);
    std::vector<int> turn(static_cast<std::size_t>(threads), 0);
    int wrong = 0;
    for (int job = 0; job < 20; ++job) {
      team.run([&](int thread) {
        for (int phase = 0; phase < 20; ++phase) {
          ++turn[thread];
          team.barrier();
          if (thread == phase % threads) {
            for (const int other : turn) wrong += other != turn[thread];
          }
          team.barrier();
        }
      });
    }
    EXPECT_EQ(wrong, 0);
    for (const int count : turn) EXPECT_EQ(count, 400);
  }
}

TEST(ThreadTeamTest, RefusesASizeThatIsNoCount) {
  ::setenv("SPECLAB_THREADS", "two", 1);
  EXPECT_THROW(ThreadTeam(), ConfigError);
  ::setenv("SPECLAB_THREADS", "3", 1);
  EXPECT_EQ(ThreadTeam().size(), 3);
  ::unsetenv("SPECLAB_THREADS");
}

}  // namespace
}  // namespace speclab
