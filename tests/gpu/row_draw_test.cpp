#include "kernels/cuda/row_draw.h"

#include "core/counter_chance.h"
#include "core/softmax.h"
#include "tests/gpu/rows.h"

namespace speclab {
namespace {

class RowDrawOnDevice : public OnDevice {
 protected:
  // A distribution with zeros.
  static std::vector<double> distribution(int cols, std::uint64_t seed) {
    const auto logits = telling_logits(1, cols, seed);
    std::vector<double> p(logits.size());
    softmax(logits, {1.0, cols > 4 ? cols / 2 + 1 : 0, 1}, p);
    return p;
  }
};

TEST_F(RowDrawOnDevice, gathers_and_draws_like_the_host) {
  for (const int cols : {1, 3, 64, 200, 5000}) {
    const auto p = distribution(cols, 4);
    constexpr int kDraws = 40;
    in_every_order([&] {
      Stream stream;
      const auto row = to_device(p, stream);
      CounterChance device_chance(1, 2, 3), host_chance(1, 2, 3);
      std::vector<RowDraw> draws;
      for (int i = 0; i < kDraws; ++i) {
        draws.push_back({row.data(), device_chance.key(), device_chance.taken() + 1});
        device_chance.take(1);
      }
      const auto device_draws = to_device(draws, stream);
      DeviceBuffer<std::int32_t> tokens(kDraws, "tokens");
      row_draws({device_draws.data(), tokens.data(), kDraws, cols}, stream);
      const auto got = to_host(tokens, stream);
      for (const std::int32_t token : got) ASSERT_EQ(token, host_chance.categorical(p));

      const auto addresses = to_device(std::vector<const double*>(kDraws, row.data()), stream);
      DeviceBuffer<double> probabilities(kDraws, "probabilities");
      row_gather({addresses.data(), tokens.data(), probabilities.data(), kDraws}, stream);
      const auto gathered = to_host(probabilities, stream);
      for (std::size_t i = 0; i < kDraws; ++i) ASSERT_EQ(gathered[i], p[static_cast<std::size_t>(got[i])]);
    });
  }
}

TEST_F(RowDrawOnDevice, draws_nothing_from_a_row_without_weight) {
  Stream stream;
  const auto row = to_device(std::vector<double>(70, 0.0), stream);
  const auto draws = to_device(std::vector<RowDraw>{{row.data(), 1, 1}}, stream);
  DeviceBuffer<std::int32_t> token(1, "token");
  row_draws({draws.data(), token.data(), 1, 70}, stream);
  EXPECT_EQ(to_host(token, stream)[0], -1);
}

TEST_F(RowDrawOnDevice, leaves_the_residual) {
  for (const int cols : {1, 17, 2500}) {
    const auto p = distribution(cols, 5), q = distribution(cols, 6);
    for (const double share : {1.0, 0.25, 1e-9}) {
      in_every_order([&] {
        Stream stream;
        const auto device_p = to_device(p, stream), device_q = to_device(q, stream),
                   same = to_device(p, stream);
        const auto questions = to_device(std::vector<RowSubtract>{{device_p.data(), device_q.data(), share},
                                                                  {same.data(), same.data(), 1}},
                                         stream);
        DeviceBuffer<double> left(2, "left");
        row_subtract({questions.data(), left.data(), 2, cols}, stream);
        auto expected = p;
        const double expected_left = subtract(expected, q, share);
        const auto got = to_host(device_p, stream), lefts = to_host(left, stream);
        EXPECT_NEAR(lefts[0], expected_left, 1e-14);
        for (std::size_t i = 0; i < p.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-13 * expected[i]);
        EXPECT_EQ(lefts[1], 0);
        EXPECT_EQ(to_host(same, stream), p);
      });
    }
  }
}

TEST_F(RowDrawOnDevice, takes_out_like_the_host) {
  for (const int cols : {1, 17, 2500}) {
    const auto p = distribution(cols, 5);
    for (const std::int32_t token : {0, cols / 2, cols - 1}) {
      in_every_order([&] {
        Stream stream;
        const auto device_p = to_device(p, stream);
        const auto questions = to_device(std::vector<RowTakeOut>{{device_p.data(), token}}, stream);
        DeviceBuffer<double> left(1, "left");
        row_take_out({questions.data(), left.data(), 1, cols}, stream);
        auto expected = p;
        EXPECT_EQ(take_out(expected, token), to_host(left, stream)[0]);
        EXPECT_EQ(to_host(device_p, stream), expected);
      });
    }
  }
}

}  // namespace
}  // namespace speclab
