#include "kernels/cuda/cuda_distributions.h"

#include <limits>

#include "core/check.h"
#include "core/numerics/host_distributions.h"
#include "core/random/counter_rng.h"
#include "tests/gpu/rows.h"

namespace speclab {
namespace {

class CudaDistributionsOnDevice : public OnDevice {
 protected:
  void SetUp() override {
    OnDevice::SetUp();
    if (IsSkipped()) return;
    stream_ = std::make_shared<Stream>();
    device_.emplace(stream_);
  }
  static constexpr int kRows = 3;

  // The same rows of logits on both sides.
  void set_rows(int cols, std::uint64_t seed) {
    cols_ = cols;
    logits_ = telling_logits(kRows, cols, seed);
    device_logits_ = to_device(logits_, *stream_);
  }
  Row host_row(int i) const { return Rows{logits_.data(), kRows, cols_, Place::host}[i]; }
  Row device_row(int i) const { return Rows{device_logits_.data(), kRows, cols_, Place::device}[i]; }

  std::vector<double> values(Row row) {
    std::vector<double> values(static_cast<std::size_t>(row.cols));
    copy_bytes(values.data(), row.data, values.size() * sizeof(double), *stream_);
    stream_->wait();
    return values;
  }

  std::shared_ptr<Stream> stream_;
  std::optional<CudaDistributions> device_;
  HostDistributions host_;
  int cols_ = 0;
  std::vector<float> logits_;
  DeviceBuffer<float> device_logits_;
};

const std::vector<Sampling> kSettings{{1, 0, 1}, {0.3, 2, 1}, {2, 0, 0.6}, {1, 5, 0.9}, {0, 0, 1}};

// Draws of several sources, some of which come more than once, some from rows that hold too few tokens.
struct Drawing {
  int row, count;
  bool put_back;
  int source;
};
const std::vector<Drawing> kDrawings{{0, 3, false, 0}, {0, 1, false, 1}, {1, 4, false, 0}, {1, 3, true, 1},
                                     {2, 9, false, 0}, {2, 2, false, 1}, {0, 6, true, 0},  {1, 1, true, 2}};

TEST_F(CudaDistributionsOnDevice, answers_like_the_host) {
  for (const int cols : {1, 4, 70, 1100}) {
    set_rows(cols, static_cast<std::uint64_t>(cols));
    in_every_order([&] {
      std::vector<Row> device_rows, host_rows;
      for (const Sampling& sampling : kSettings) {
        device_->forget();
        host_.forget();
        device_rows.clear();
        host_rows.clear();
        std::vector<Distributions::Softmax> on_device, on_host;
        for (int i = 0; i < kRows; ++i) {
          on_device.push_back({device_row(i), sampling});
          on_host.push_back({host_row(i), sampling});
        }
        device_->probabilities(on_device, device_rows);
        host_.probabilities(on_host, host_rows);
        for (std::size_t i = 0; i < kRows; ++i) {
          const auto expected = host_rows[i].f64();
          ASSERT_EQ(values(device_rows[i]), std::vector<double>(expected.begin(), expected.end()));
        }
        std::vector<Distributions::Entry> device_entries, host_entries;
        for (int i = 0; i < 200; ++i) {
          const auto row = static_cast<std::size_t>(i % kRows);
          const Token token = 7 * i % cols;
          device_entries.push_back({device_rows[row], token});
          host_entries.push_back({host_rows[row], token});
        }
        std::vector<double> gathered{-5}, host_gathered{-5};
        device_->gather(device_entries, gathered);
        host_.gather(host_entries, host_gathered);
        ASSERT_EQ(gathered, host_gathered);
        std::vector<CounterRng> device_chances, host_chances;
        for (std::uint64_t i = 0; i < 3; ++i) {
          device_chances.emplace_back(7, i, 1);
          host_chances.emplace_back(7, i, 1);
        }
        std::vector<Distributions::Draws> device_draws, host_draws;
        for (const Drawing& d : kDrawings) {
          const auto row = static_cast<std::size_t>(d.row), source = static_cast<std::size_t>(d.source);
          device_draws.push_back({device_rows[row], d.count, d.put_back, &device_chances[source]});
          host_draws.push_back({host_rows[row], d.count, d.put_back, &host_chances[source]});
        }
        std::vector<Token> tokens{-5}, host_tokens{-5};  // answers are appended
        std::vector<int> drawn{-5}, host_drawn{-5};
        device_->draw(device_draws, tokens, drawn);
        host_.draw(host_draws, host_tokens, host_drawn);
        ASSERT_EQ(drawn, host_drawn) << cols;
        ASSERT_EQ(tokens, host_tokens) << cols;
        for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(device_chances[i].taken(), host_chances[i].taken());
      }
    });
  }
}

TEST_F(CudaDistributionsOnDevice, finds_the_likeliest_like_the_host) {
  for (const int cols : {3, 900}) {
    set_rows(cols, 11);
    for (const auto& counts : {std::vector<int>{1, 1, 1}, std::vector<int>{2, 1, 3}}) {
      in_every_order([&] {
        std::vector<Distributions::Pick> on_device, on_host;
        for (int i = 0; i < kRows; ++i) {
          on_device.push_back({device_row(i), counts[i]});
          on_host.push_back({host_row(i), counts[i]});
        }
        std::vector<Token> tokens, expected;
        device_->likeliest(on_device, tokens);
        host_.likeliest(on_host, expected);
        EXPECT_EQ(tokens, expected);
      });
    }
  }
}

// Makes the first weight such that a draw turns at the very next number: sums of any other order turn
// elsewhere. With `count` 2 the second draw is from what the first one left.
TEST_F(CudaDistributionsOnDevice, the_last_bit_of_a_sum_decides_as_on_the_host) {
  int turns = 0;
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const int count = 1 + static_cast<int>(seed % 2);
    std::vector<double> row(90);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = 1.5 + noise(seed * 999 + i);
    const auto ask = [&](Distributions& of, const double* data, Place place) {
      CounterRng chance(seed, 2, 3);
      const Distributions::Draws question{{data, 90, place, Scalar::f64}, count, false, &chance};
      std::vector<Token> tokens;
      std::vector<int> drawn;
      of.draw({&question, 1}, tokens, drawn);
      return tokens;
    };
    const auto on_host = [&](double first) {
      row[0] = first;
      return ask(host_, row.data(), Place::host);
    };
    double low = 0, high = 20;
    const auto at_low = on_host(low);
    if (on_host(high) == at_low) continue;
    for (double middle = 10; low < middle && middle < high; middle = low + (high - low) / 2)
      (on_host(middle) == at_low ? low : high) = middle;
    ++turns;
    for (const double first : {low, high}) {
      const auto expected = on_host(first);
      const auto on_device = to_device(row, *stream_);
      EXPECT_EQ(ask(*device_, on_device.data(), Place::device), expected) << seed;
    }
  }
  EXPECT_GE(turns, 12);
}

// Rows stay where they are until they are forgotten, also beyond one block of memory and of other lengths.
TEST_F(CudaDistributionsOnDevice, keeps_rows_until_it_forgets_them) {
  set_rows(700, 3);
  const auto short_logits = to_device(std::vector<float>{1, 2, 4}, *stream_);
  std::vector<Row> rows;
  std::vector<Distributions::Softmax> questions(8, {device_row(0), {}});
  questions.push_back({Rows{short_logits.data(), 1, 3, Place::device}[0], {}});
  device_->probabilities(questions, rows);
  const auto before = values(rows[0]);
  questions.assign(3, {device_row(1), {}});
  device_->probabilities(questions, rows);
  EXPECT_EQ(values(rows[0]), before);
  EXPECT_EQ(values(rows[8]).size(), 3u);
  EXPECT_NE(values(rows[9]), before);
  device_->forget();
  std::vector<Row> again;
  device_->probabilities(questions, again);
  EXPECT_EQ(again[0].data, rows[0].data);
}

class Certain : public RandomSource {
 public:
  bool bernoulli(double) override { return true; }
  int categorical(std::span<const double>) override { return 0; }
};

TEST_F(CudaDistributionsOnDevice, says_what_cannot_be_asked) {
  set_rows(5, 3);
  std::vector<Row> rows;
  const Distributions::Softmax from_host{host_row(0), {}};
  EXPECT_THROW(device_->probabilities({&from_host, 1}, rows), BrokenInvariant);
  const Distributions::Softmax softmax{device_row(0), {}};
  device_->probabilities({&softmax, 1}, rows);
  Certain certain;
  std::vector<Token> tokens;
  std::vector<int> drawn;
  const Distributions::Draws by_other{rows[0], 1, true, &certain};
  EXPECT_THROW(device_->draw({&by_other, 1}, tokens, drawn), BrokenInvariant);

  const auto nan = to_device(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN(), 2}, *stream_);
  const Distributions::Softmax damaged{Rows{nan.data(), 1, 3, Place::device}[0], {}};
  device_->probabilities({&damaged, 1}, rows);
  CounterRng chance(1, 2, 3);
  const Distributions::Draws from_damaged{rows[1], 1, true, &chance};
  EXPECT_THROW(device_->draw({&from_damaged, 1}, tokens, drawn), BrokenInvariant);
}

}  // namespace
}  // namespace speclab
