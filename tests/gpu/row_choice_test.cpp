#include "kernels/cuda/row_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/numerics/argmax.h"
#include "tests/gpu/rows.h"

namespace speclab {
namespace {

class RowChoiceOnDevice : public OnDevice {};

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(),
                kInfinity = std::numeric_limits<float>::infinity();

TEST_F(RowChoiceOnDevice, finds_the_likeliest_token_like_the_host) {
  for (const int cols : {1, 5, 513, 3001}) {
    constexpr int kRows = 3;
    auto logits = telling_logits(kRows, cols, static_cast<std::uint64_t>(cols));
    if (cols > 5) {
      logits[2] = kNan;
      logits[static_cast<std::size_t>(cols) + 1] = -kInfinity;
      std::fill(logits.end() - cols, logits.end(), kNan);
    }
    in_every_order([&] {
      Stream stream;
      const DeviceRows<float> rows(logits, cols, stream);
      DeviceBuffer<std::int32_t> tokens(kRows, "tokens");
      DeviceBuffer<int> not_finite(kRows, "counts");
      row_argmax({rows.addresses(), tokens.data(), not_finite.data(), kRows, cols}, stream);
      const auto got = to_host(tokens, stream);
      const auto counts = to_host(not_finite, stream);
      for (std::size_t n = 0; n < kRows; ++n) {
        const std::span<const float> row(logits.data() + n * static_cast<std::size_t>(cols),
                                         static_cast<std::size_t>(cols));
        EXPECT_EQ(counts[n],
                  std::count_if(row.begin(), row.end(), [](float x) { return !std::isfinite(x); }));
        EXPECT_EQ(got[n], cols > 5 && n == 2 ? -1 : argmax(row));
      }
    });
  }
}

TEST_F(RowChoiceOnDevice, finds_minus_infinity_where_there_is_nothing_else) {
  Stream stream;
  const DeviceRows<float> rows({kNan, -kInfinity, -kInfinity}, 3, stream);
  DeviceBuffer<std::int32_t> tokens(1, "tokens");
  row_argmax({rows.addresses(), tokens.data(), nullptr, 1, 3}, stream);
  EXPECT_EQ(to_host(tokens, stream)[0], 1);
}

TEST_F(RowChoiceOnDevice, sorts_the_likeliest_tokens) {
  struct Case {
    int cols, max;
  };
  for (const auto [cols, max] : {Case{1, 1}, {7, 7}, {700, 3}, {2500, 100}, {1500, 1024}}) {
    const auto logits = telling_logits(2, cols, 5);
    in_every_order([&] {
      Stream stream;
      const DeviceRows<float> rows(logits, cols, stream);
      DeviceBuffer<std::int32_t> tokens(static_cast<std::size_t>(2 * max), "tokens");
      row_likeliest({rows.addresses(), tokens.data(), 2, cols, max}, stream);
      const auto got = to_host(tokens, stream);
      for (int n = 0; n < 2; ++n) {
        const float* row = logits.data() + n * cols;
        std::vector<std::int32_t> order(static_cast<std::size_t>(cols));
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return row[a] > row[b]; });
        order.resize(static_cast<std::size_t>(max));
        EXPECT_EQ(std::vector<std::int32_t>(got.begin() + n * max, got.begin() + (n + 1) * max), order);
      }
    });
  }
}

TEST_F(RowChoiceOnDevice, sums_up_the_softmax) {
  for (const int cols : {1, 40, 1733}) {
    const auto logits = telling_logits(2, cols, 6);
    in_every_order([&] {
      Stream stream;
      const DeviceRows<float> rows(logits, cols, stream);
      DeviceBuffer<RowStatistics> statistics(2, "statistics");
      row_statistics({rows.addresses(), statistics.data(), 2, cols}, stream);
      const auto got = to_host(statistics, stream);
      for (std::size_t n = 0; n < 2; ++n) {
        double sum = 0, entropy = 0, largest = -1e9;
        for (int i = 0; i < cols; ++i) {
          const double x = logits[n * static_cast<std::size_t>(cols) + static_cast<std::size_t>(i)];
          sum += std::exp(x);
          largest = std::max(largest, x);
        }
        for (int i = 0; i < cols; ++i) {
          const double x = logits[n * static_cast<std::size_t>(cols) + static_cast<std::size_t>(i)];
          entropy -= std::exp(x) / sum * (x - std::log(sum));
        }
        EXPECT_EQ(got[n].largest, largest);
        EXPECT_NEAR(got[n].log_sum_exp, std::log(sum), 1e-12 * (1 + std::abs(std::log(sum))));
        EXPECT_NEAR(got[n].entropy, entropy, 1e-12 * (1 + entropy));
      }
    });
  }
}

}  // namespace
}  // namespace speclab
