#include "kernels/cuda/row_probabilities.h"

#include <limits>

#include "core/numerics/softmax.h"
#include "tests/gpu/rows.h"

namespace speclab {
namespace {

class RowProbabilitiesOnDevice : public OnDevice {
 protected:
  static constexpr int kMany = 5;

  // Every sampling on every row of `logits`; the probabilities, question by question.
  static std::vector<double> probabilities(const std::vector<float>& logits, int cols,
                                           const std::vector<Sampling>& samplings, std::vector<int>& wrong) {
    Stream stream;
    const DeviceRows<float> rows(logits, cols, stream);
    const int row_count = static_cast<int>(logits.size()) / cols;
    const std::size_t count = static_cast<std::size_t>(row_count) * samplings.size(),
                      width = static_cast<std::size_t>(cols);
    DeviceBuffer<double> result(count * width, "probabilities");
    std::vector<RowSoftmax> questions;
    for (int n = 0; n < row_count; ++n) {
      for (const Sampling& sampling : samplings) {
        questions.push_back({rows.row(n, cols), result.data() + questions.size() * width,
                             sampling.temperature, sampling.top_k, sampling.top_p});
      }
    }
    const auto device_questions = to_device(questions, stream);
    DeviceBuffer<Candidate> scratch(count * candidates_per_row(cols), "candidates");
    DeviceBuffer<int> device_wrong(count, "flags");
    row_probabilities(
        {device_questions.data(), scratch.data(), device_wrong.data(), static_cast<int>(count), cols},
        stream);
    wrong = to_host(device_wrong, stream);
    return to_host(result, stream);
  }
};

TEST_F(RowProbabilitiesOnDevice, gives_the_bits_of_the_host) {
  const std::vector<Sampling> samplings{
      {1, 0, 1},     {0, 0, 1},      {0.7, 0, 1},  {1, 1, 1},     {1, 7, 1},     {1, 2000, 1}, {1, 0, 0.9},
      {1.5, 0, 0.5}, {2, 0, 0.9999}, {1, 40, 0.8}, {0.3, 3, 0.2}, {50, 0, 0.95}, {1, 0, 1e-6}};
  for (const int cols : {1, 9, 301, 2600}) {
    SCOPED_TRACE(testing::Message() << cols << " tokens");
    const auto logits = telling_logits(2, cols, 3);
    std::vector<double> expected(static_cast<std::size_t>(cols));
    in_every_order([&] {
      std::vector<int> wrong;
      const auto got = probabilities(logits, cols, samplings, wrong);
      for (std::size_t q = 0; q < wrong.size(); ++q) {
        const Sampling& sampling = samplings[q % samplings.size()];
        EXPECT_EQ(wrong[q], 0);
        const float* row = logits.data() + q / samplings.size() * static_cast<std::size_t>(cols);
        softmax({row, static_cast<std::size_t>(cols)}, sampling, expected);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          ASSERT_EQ(got[q * expected.size() + i], expected[i])
              << "temperature " << sampling.temperature << ", top_k " << sampling.top_k << ", top_p "
              << sampling.top_p << ", token " << i;
        }
      }
    });
  }
}

TEST_F(RowProbabilitiesOnDevice, stops_where_the_nucleus_is_reached_exactly) {
  std::vector<int> wrong;
  EXPECT_EQ(probabilities({2, 2, 2, 2}, 4, {{1, 0, 0.5}}, wrong), (std::vector<double>{0.5, 0.5, 0, 0}));
}

TEST_F(RowProbabilitiesOnDevice, says_which_rows_are_wrong) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(),
                  kInfinity = std::numeric_limits<float>::infinity();
  std::vector<int> wrong;
  probabilities({1, 2, 3, 1, kNan, 3, kInfinity, 0, 0, kNan, kNan, kNan, 1, -kInfinity, 0}, 3, {{1, 0, 1}},
                wrong);
  EXPECT_EQ(wrong, (std::vector<int>{0, 1, 1, 1, 0}));
  const auto one_hot = probabilities({1, kNan, 3, kNan, kNan, kNan}, 3, {{0, 0, 1}}, wrong);
  EXPECT_EQ(wrong, (std::vector<int>{0, 1}));
  EXPECT_EQ(one_hot[2], 1);
}

}  // namespace
}  // namespace speclab
