#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/models/checkpoint/float16.h"
#include "core/random/counter_rng.h"
#include "kernels/cpu/aligned_buffer.h"
#include "kernels/cpu/arithmetic.h"

namespace speclab {
namespace {

std::vector<InstructionSet> available_sets() {
  std::vector<InstructionSet> sets;
  for (const auto set : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512}) {
    if (available(set)) sets.push_back(set);
  }
  return sets;
}

// Uniform on (-1, 1), with spread exponents where `wide`.
float noise(std::uint64_t i, bool wide = false) {
  const double sign_and_size = 2 * unit_interval(mix64(i * kGolden + 1)) - 1;
  const double scale = wide ? std::exp2(std::floor(24 * unit_interval(mix64(i * kGolden + 2))) - 12) : 1;
  return static_cast<float>(sign_and_size * scale);
}

// One product: weights and panel of some type, and what double arithmetic makes of them.
struct Problem {
  Dtype dtype;
  int depth, rows, count;
  std::vector<std::byte> weights;  // one byte in, so that nothing is aligned
  AlignedBuffer<std::byte> panel;
  std::vector<double> exact, magnitude;  // (count, rows): sums of products, and of their absolute values

  Problem(Dtype type, int k, int j, int n, bool wide) : dtype(type), depth(k), rows(j), count(n) {
    const auto size = [](int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); };
    weights.resize(size(rows, depth) * bytes_of(dtype) + 1);
    panel.require(size(count, padded(depth)) * panel_bytes(dtype));
    std::vector<double> w(size(rows, depth)), x(size(count, depth));
    for (std::size_t i = 0; i < w.size(); ++i) {
      const float value = noise(i, wide);
      std::byte* where = weights.data() + 1 + i * bytes_of(dtype);
      if (dtype == Dtype::f32) {
        std::memcpy(where, &value, 4);
        w[i] = value;
      } else {
        // Any pattern of f16 with an exponent near one; bf16 by rounding.
        const std::uint16_t bits =
            dtype == Dtype::bf16
                ? bf16_of(value)
                : static_cast<std::uint16_t>((mix64(i) & 0x83FFu) | ((mix64(i) >> 20) % 8 + 10) << 10);
        std::memcpy(where, &bits, 2);
        w[i] = dtype == Dtype::bf16 ? float_of_bf16(bits) : float_of_f16(bits);
      }
    }
    for (int n_ = 0; n_ < count; ++n_) {
      for (int k_ = 0; k_ < depth; ++k_) {
        const float value = noise(1'000'000 + size(n_, depth) + static_cast<std::size_t>(k_), wide);
        const std::size_t at = size(n_, padded(depth)) + static_cast<std::size_t>(k_);
        if (dtype == Dtype::bf16) {
          const std::uint16_t bits = bf16_of(value);
          std::memcpy(panel.data() + 2 * at, &bits, 2);
          x[size(n_, depth) + static_cast<std::size_t>(k_)] = float_of_bf16(bits);
        } else {
          std::memcpy(panel.data() + 4 * at, &value, 4);
          x[size(n_, depth) + static_cast<std::size_t>(k_)] = value;
        }
      }
    }
    for (int n_ = 0; n_ < count; ++n_) {
      for (int j_ = 0; j_ < rows; ++j_) {
        double sum = 0, size_sum = 0;
        for (int k_ = 0; k_ < depth; ++k_) {
          const double product = w[size(j_, depth) + static_cast<std::size_t>(k_)] *
                                 x[size(n_, depth) + static_cast<std::size_t>(k_)];
          sum += product;
          size_sum += std::abs(product);
        }
        exact.push_back(sum);
        magnitude.push_back(size_sum);
      }
    }
  }

  // (count_, end - begin) for panel rows from `row`.
  std::vector<float> solve(InstructionSet set, int row, int count_, int begin, int end) const {
    std::vector<float> out(static_cast<std::size_t>(count_) * static_cast<std::size_t>(rows), -77.0f);
    arithmetic(set).matmul(
        {.dtype = dtype,
         .weights = weights.data() + 1,
         .depth = depth,
         .begin = begin,
         .end = end,
         .panel = panel.data() + static_cast<std::size_t>(row * padded(depth)) * panel_bytes(dtype),
         .panel_stride = static_cast<std::size_t>(padded(depth)),
         .count = count_,
         .out = out.data(),
         .out_stride = static_cast<std::size_t>(rows)});
    return out;
  }
};

class MatmulTest : public testing::TestWithParam<Dtype> {};

// f32 sums in 16 lanes: each of the depth / 16 + 4 additions rounds by at most 2^-24 of what is summed
// (bf16: two fused steps per pair, so depth / 16 as well).
TEST_P(MatmulTest, IsAccurate) {
  for (const int depth : {1, 5, 16, 31, 32, 33, 47, 64, 300, 768}) {
    const Problem problem(GetParam(), depth, 23, 7, false);
    for (const InstructionSet set : available_sets()) {
      const std::vector<float> found = problem.solve(set, 0, problem.count, 0, problem.rows);
      for (std::size_t i = 0; i < found.size(); ++i) {
        const double bound = (depth / 16 + 6) * 0x1p-24 * problem.magnitude[i];
        ASSERT_NEAR(found[i], problem.exact[i], bound)
            << arithmetic(set).name << ", depth " << depth << ", " << i;
      }
    }
  }
}

TEST_P(MatmulTest, InstructionSetsAgreeToTheLastBit) {
  for (const bool wide : {false, true}) {
    for (const int depth : {7, 32, 50, 96, 333}) {
      const Problem problem(GetParam(), depth, 19, 9, wide);
      const std::vector<float> expected = problem.solve(InstructionSet::portable, 0, 9, 0, 19);
      for (const InstructionSet set : available_sets()) {
        EXPECT_EQ(problem.solve(set, 0, 9, 0, 19), expected) << arithmetic(set).name << ", depth " << depth;
      }
    }
  }
}

TEST_P(MatmulTest, ARowDoesNotDependOnWhatIsBesideIt) {
  const int rows = 21, count = 17;
  const Problem problem(GetParam(), 140, rows, count, false);
  for (const InstructionSet set : available_sets()) {
    std::vector<float> alone;
    for (int n = 0; n < count; ++n) {
      const std::vector<float> row = problem.solve(set, n, 1, 0, rows);
      alone.insert(alone.end(), row.begin(), row.end());
    }
    for (int together = 2; together <= count; ++together) {
      const std::vector<float> found = problem.solve(set, 0, together, 0, rows);
      EXPECT_TRUE(std::equal(found.begin(), found.end(), alone.begin()))
          << arithmetic(set).name << ", " << together;
    }
    for (int cut = 1; cut < rows; ++cut) {
      const std::vector<float> low = problem.solve(set, 0, count, 0, cut),
                               high = problem.solve(set, 0, count, cut, rows);
      for (std::size_t i = 0; i < alone.size(); ++i) {
        ASSERT_EQ(static_cast<int>(i) % rows < cut ? low[i] : high[i], alone[i])
            << arithmetic(set).name << ", cut " << cut;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, MatmulTest, testing::Values(Dtype::f32, Dtype::f16, Dtype::bf16),
                         [](const auto& param) { return std::string(name_of(param.param)); });

TEST(MatmulTest, AddsBiasAndOldValues) {
  const Problem problem(Dtype::f32, 20, 5, 2, false);
  const std::vector<float> plain = problem.solve(InstructionSet::portable, 0, 2, 0, 5), bias{1, 2, 3, 4, 5};
  for (const InstructionSet set : available_sets()) {
    std::vector<float> out(10, 100);
    arithmetic(set).matmul({.dtype = Dtype::f32,
                            .weights = problem.weights.data() + 1,
                            .depth = 20,
                            .begin = 0,
                            .end = 5,
                            .panel = problem.panel.data(),
                            .panel_stride = 32,
                            .count = 2,
                            .out = out.data(),
                            .out_stride = 5,
                            .bias = bias.data(),
                            .add = true});
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(out[i], 100.0f + (plain[i] + bias[i % 5]));
  }
}

TEST(ElementwiseTest, ExpIsAccurateAndAgreesBetweenInstructionSets) {
  std::vector<float> x;
  for (double value = -86.9; value < 87; value += 0.0137) x.push_back(static_cast<float>(value));
  x.insert(x.end(), {0.0f, -0.0f, 1.0f, -87.5f, -1000.0f, -INFINITY});
  const int length = static_cast<int>(x.size());
  std::vector<float> expected(x.size());
  arithmetic(InstructionSet::portable).exp(x.data(), length, expected.data());
  for (std::size_t i = 0; i + 3 < x.size(); ++i) {
    const double truth = std::exp(static_cast<double>(x[i]));
    ASSERT_NEAR(expected[i], truth, 2e-7 * truth) << x[i];
  }
  for (std::size_t i = x.size() - 3; i < x.size(); ++i) EXPECT_EQ(expected[i], 0) << x[i];
  for (const InstructionSet set : available_sets()) {
    std::vector<float> found(x.size());
    arithmetic(set).exp(x.data(), length, found.data());
    EXPECT_EQ(found, expected) << arithmetic(set).name;
  }
}

TEST(ElementwiseTest, NormAndSwigluAreAccurateAndAgree) {
  for (const int length : {1, 15, 16, 17, 44, 320}) {
    std::vector<float> x, w, out(static_cast<std::size_t>(length)), expected(out);
    double squares = 0;
    for (int i = 0; i < length; ++i) {
      x.push_back(3 * noise(static_cast<std::uint64_t>(i)));
      w.push_back(noise(static_cast<std::uint64_t>(i) + 999));
      squares += static_cast<double>(x.back()) * x.back();
    }
    const double factor = 1 / std::sqrt(squares / length + 1e-5);
    for (const InstructionSet set : available_sets()) {
      arithmetic(set).rms_norm(x.data(), w.data(), length, 1e-5f, out.data());
      if (set == InstructionSet::portable) expected = out;
      EXPECT_EQ(out, expected) << arithmetic(set).name;
      // Half of the sum's relative error, (length / 16 + 4) 2^-24, and four further roundings.
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_NEAR(out[i], x[i] * factor * w[i],
                    (length / 16 + 12) * 0x1p-24 * std::abs(x[i] * factor * w[i]));
      }
    }
    for (const InstructionSet set : available_sets()) {
      arithmetic(set).swiglu(x.data(), w.data(), length, out.data());
      if (set == InstructionSet::portable) expected = out;
      EXPECT_EQ(out, expected) << arithmetic(set).name;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double truth = x[i] / (1 + std::exp(-static_cast<double>(x[i]))) * w[i];
        ASSERT_NEAR(out[i], truth, 5e-7 * std::abs(truth));
      }
    }
  }
}

TEST(ElementwiseTest, RoundingToBf16IsToNearestEven) {
  const std::vector<float> x{1.0f, 1.00390625f, 1.01171875f, 1.003907f, -1.003907f, 3.0e38f, 1e-39f, -0.0f};
  const std::vector<std::uint16_t> expected{0x3F80, 0x3F80, 0x3F82, 0x3F81, 0xBF81, 0x7F62, 0x0000, 0x8000};
  for (const InstructionSet set : available_sets()) {
    std::vector<std::uint16_t> found(x.size());
    arithmetic(set).round_to_bf16(x.data(), static_cast<int>(x.size()), found.data());
    EXPECT_EQ(found, expected) << arithmetic(set).name;
  }
}

TEST(ElementwiseTest, FindsWhatIsNotFinite) {
  for (const InstructionSet set : available_sets()) {
    std::vector<float> x(100, 3.0e38f);
    EXPECT_TRUE(arithmetic(set).all_finite(x.data(), 100));
    for (const float bad : {std::nanf(""), -std::nanf(""), INFINITY, -INFINITY}) {
      x[97] = bad;
      EXPECT_FALSE(arithmetic(set).all_finite(x.data(), 100));
    }
  }
}

}  // namespace
}  // namespace speclab
