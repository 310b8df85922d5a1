// What is drawn, and from what.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "core/numerics/argmax.h"
#include "core/numerics/host_distributions.h"
#include "core/numerics/softmax.h"
#include "core/numerics/weighted_choice.h"
#include "core/random/counter_rng.h"

namespace speclab {
namespace {

std::vector<double> distribution(const std::vector<float>& logits, const Sampling& sampling) {
  std::vector<double> p(logits.size());
  softmax(logits, sampling, p);
  return p;
}

double total(const std::vector<double>& p) { return std::accumulate(p.begin(), p.end(), 0.0); }

TEST(Argmax, IsTheFirstOfTheLargest) {
  for (const int size : {1, 3, 15, 16, 17, 31, 32, 33, 100, 4096}) {
    for (int where = 0; where < size; where += 1 + size / 37) {
      std::vector<float> row(static_cast<std::size_t>(size), -3.0f);
      for (int i = where; i < size; i += 5) row[i] = 2;
      EXPECT_EQ(argmax(row), where) << size;
    }
  }
}

TEST(Argmax, PassesOverNaNs) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> row(40, nan);
  EXPECT_THROW(argmax(row), BrokenInvariant);
  row[21] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(argmax(row), 21);
  row[37] = -5;
  EXPECT_EQ(argmax(row), 37);
}

TEST(Softmax, AgreesWithLongDouble) {
  std::vector<float> logits;
  for (int i = 0; i < 1000; ++i) logits.push_back(static_cast<float>(40 * std::sin(i * 1.7)));
  for (const double temperature : {0.3, 1.0, 2.5}) {
    const std::vector<double> p = distribution(logits, {temperature, 0, 1});
    long double sum = 0;
    for (const float x : logits) sum += std::exp((static_cast<long double>(x) - 40) / temperature);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const long double expected = std::exp((static_cast<long double>(logits[i]) - 40) / temperature) / sum;
      // exp is good to an ulp or two; its argument, rounded to double, may be off by half an ulp of up to
      // 267.
      EXPECT_NEAR(p[i] / static_cast<double>(expected), 1, 2e-13);
    }
  }
}

TEST(Softmax, KeepsExactlyTopK) {
  const std::vector<float> logits{1, 3, 2, 3, 0, 3};
  const std::vector<double> p = distribution(logits, {1, 2, 1});
  EXPECT_EQ(p, (std::vector<double>{0, 0.5, 0, 0.5, 0, 0})) << "of equals, the lower index";
  EXPECT_EQ(distribution(logits, {1, 6, 1}), distribution(logits, {1, 0, 1}));
}

TEST(Softmax, KeepsTheFewestThatReachTopP) {
  std::vector<float> logits;
  for (const double p : {0.4, 0.1, 0.3, 0.2}) logits.push_back(static_cast<float>(std::log(p)));
  EXPECT_NEAR(distribution(logits, {1, 0, 0.4 - 1e-6})[0], 1, 1e-12);
  const std::vector<double> p = distribution(logits, {1, 0, 0.6});
  EXPECT_NEAR(p[0], 4.0 / 7, 1e-6);
  EXPECT_NEAR(p[2], 3.0 / 7, 1e-6);
  EXPECT_EQ(p[1] + p[3], 0);
  EXPECT_NEAR(total(distribution(logits, {0.5, 3, 0.95})), 1, 1e-15);
}

TEST(Softmax, AtTemperatureZeroIsCertain) {
  EXPECT_EQ(distribution({1, 5, 5}, {0, 2, 0.5}), (std::vector<double>{0, 1, 0}));
}

TEST(Softmax, TakesForbiddenTokens) {
  const float minus = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(distribution({minus, 0, minus}, {1, 0, 1}), (std::vector<double>{0, 1, 0}));
}

TEST(Residual, IsWhatIsLeftOfP) {
  std::vector<double> p{0.5, 0.3, 0.2};
  EXPECT_DOUBLE_EQ(subtract(p, std::vector<double>{0.2, 0.6, 0.2}), 0.3);
  EXPECT_EQ(p, (std::vector<double>{1, 0, 0}));
  std::vector<double> shared{0.5, 0.25, 0.25};
  EXPECT_DOUBLE_EQ(subtract(shared, std::vector<double>{0.125, 0.875, 0}, 0.5), 0.25);
  EXPECT_EQ(shared, (std::vector<double>{0.5, 0, 0.5}));
  std::vector<double> same{0.5, 0.5};
  EXPECT_EQ(subtract(same, std::vector<double>{0.5, 0.5}), 0);
  EXPECT_EQ(same, (std::vector<double>{0.5, 0.5}));
}

TEST(TakeOut, ScalesTheRest) {
  std::vector<double> p{0.5, 0.25, 0.25};
  EXPECT_EQ(take_out(p, 0), 0.5);
  EXPECT_EQ(p, (std::vector<double>{0, 0.5, 0.5}));
  EXPECT_EQ(take_out(p, 1), 0.5);
  EXPECT_EQ(take_out(p, 2), 0);
}

TEST(WeightedChoice, InvertsTheCumulativeSum) {
  const std::vector<double> weights{0, 2, 0, 1, 1, 0};
  EXPECT_EQ(weighted_choice(weights, 0), 1);
  EXPECT_EQ(weighted_choice(weights, 0.499), 1);
  EXPECT_EQ(weighted_choice(weights, 0.5), 3);
  EXPECT_EQ(weighted_choice(weights, 0.749), 3);
  EXPECT_EQ(weighted_choice(weights, 0.75), 4);
  EXPECT_EQ(weighted_choice(weights, 1 - 1e-16), 4);
  EXPECT_THROW(weighted_choice(std::vector<double>{0, 0}, 0.5), BrokenInvariant);
}

TEST(WeightedChoice, AgreesWithAPlainScanOverManyBlocks) {
  std::vector<double> weights;
  for (int i = 0; i < 1000; ++i) weights.push_back(i % 3 == 0 ? 0 : i % 7);
  const double whole = total(weights);
  for (int step = 0; step < 2000; ++step) {
    const double u = (step + 0.5) / 2000;
    double left = u * whole;
    int expected = 0;
    while (left >= weights[expected]) left -= weights[expected++];
    EXPECT_EQ(weighted_choice(weights, u), expected);
  }
}

TEST(CounterRng, IsAFunctionOfItsKeyAndCount) {
  CounterRng a(1, 2, 3), b(1, 2, 3), other(1, 2, 4);
  int same = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool x = a.bernoulli(0.5);
    EXPECT_EQ(x, b.bernoulli(0.5));
    same += x == other.bernoulli(0.5) ? 1 : 0;
  }
  EXPECT_NEAR(same, 500, 80);  // five standard deviations
  EXPECT_FALSE(a.bernoulli(0));
  EXPECT_TRUE(a.bernoulli(1));
  EXPECT_EQ(a.bernoulli(0.5), b.bernoulli(0.5)) << "what is certain takes no decision";
  EXPECT_THROW(a.bernoulli(std::nan("")), BrokenInvariant);
}

TEST(HostDistributions, DrawsWithoutPuttingBackUntilNothingIsLeft) {
  HostDistributions distributions;
  const std::vector<float> logits{0, 1, -std::numeric_limits<float>::infinity()};
  const Row row{logits.data(), 3, Place::host, Scalar::f32};
  std::vector<Row> p;
  distributions.probabilities(std::vector<Distributions::Softmax>{{row, {}}}, p);
  CounterRng chance(1, 1, 1);
  std::vector<Token> tokens;
  std::vector<int> drawn;
  distributions.draw(std::vector<Distributions::Draws>{{p[0], 3, false, &chance}, {p[0], 4, true, &chance}},
                     tokens, drawn);
  EXPECT_EQ(drawn, (std::vector<int>{2, 4}));
  EXPECT_NE(tokens[0], tokens[1]);
}

TEST(HostDistributions, RowsStayWhereTheyAreUntilForgotten) {
  HostDistributions distributions;
  const std::vector<float> logits(5000, 1.0f);
  std::vector<Row> rows;
  for (int i = 0; i < 20; ++i) {
    distributions.probabilities(
        std::vector<Distributions::Softmax>{{{logits.data(), 5000, Place::host, Scalar::f32}, {}}}, rows);
  }
  for (const Row& row : rows) EXPECT_NEAR(row.f64()[4999], 1.0 / 5000, 1e-18);
  const void* first = rows[0].data;
  distributions.forget();
  rows.clear();
  distributions.probabilities(
      std::vector<Distributions::Softmax>{{{logits.data(), 5000, Place::host, Scalar::f32}, {}}}, rows);
  EXPECT_EQ(rows[0].data, first);
}

TEST(HostDistributions, LikeliestAreInOrder) {
  HostDistributions distributions;
  const std::vector<float> logits{1, 4, 2, 4, 3};
  std::vector<Token> tokens;
  distributions.likeliest(std::vector<Distributions::Pick>{{{logits.data(), 5, Place::host, Scalar::f32}, 4}},
                          tokens);
  EXPECT_EQ(tokens, (std::vector<Token>{1, 3, 4, 2}));
}

}  // namespace
}  // namespace speclab
