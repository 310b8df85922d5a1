// Heads on the device against the processor's, which are held to the formulas in double.
#include "kernels/cuda/cuda_heads.h"

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "kernels/cpu/cpu_heads.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"
#include "tests/support/tiny_heads.h"

namespace speclab {
namespace {

constexpr int kHeads = 3;
using Row32 = std::vector<float>;

struct HeadsCase {
  bool hydra;
  Dtype dtype;
  int layers;
  bool own_output = true;  // else the target's
  CudaPrecision precision = CudaPrecision::as_stored;
};
void PrintTo(const HeadsCase& of, std::ostream* out) {
  *out << (of.hydra ? "hydra_" : "medusa_") << name_of(of.dtype) << '_' << of.layers
       << (of.own_output ? "" : "_borrowed") << (of.precision == CudaPrecision::int8 ? "_int8" : "");
}

class CudaHeadsOnDevice : public OnDevice, public testing::WithParamInterface<HeadsCase> {
 protected:
  void SetUp() override {
    OnDevice::SetUp();
    if (IsSkipped()) return;
    const HeadsCase& c = GetParam();
    const auto tensors = random_tensors(config_, Dtype::bf16, 3);
    TinyHeads tiny = c.hydra ? tiny_hydra(config_, c.dtype, kHeads, c.layers)
                             : tiny_medusa(config_, c.dtype, kHeads, c.layers);
    if (!c.own_output) {
      std::erase_if(tiny.tensors,
                    [&](const StoredTensor& tensor) { return tensor.shape[0] == config_.vocab; });
    }
    const TemporaryDirectory folder;
    tiny.write(folder.path());
    loaded(config_, tensors, [&](const std::filesystem::path& directory) {
      target_ = load_cuda_model(directory, c.precision);
      eager_target_ = load_cuda_model(directory, c.precision, {.stream = target_->stream(), .graphs = false});
      const LlamaWeights on_host = load_weights(directory);
      if (c.hydra) {
        heads_ = load_cuda_hydra(folder.path(), *target_);
        eager_ = load_cuda_hydra(folder.path(), *eager_target_);
        const TemporaryDirectory int8;
        TinyHeads rounded = tiny;
        if (c.precision == CudaPrecision::int8) rounded.tensors = as_int8(tiny.tensors);
        rounded.write(int8.path());
        expected_ = std::make_unique<CpuHeads>(load_hydra(int8.path(), on_host));
      } else {
        heads_ = load_cuda_medusa(folder.path(), *target_);
        eager_ = load_cuda_medusa(folder.path(), *eager_target_);
        expected_ = std::make_unique<CpuHeads>(load_medusa(folder.path(), on_host));
      }
      return 0;
    });
  }

  Row32 hidden(int s) const {
    Row32 row;
    for (int i = 0; i < config_.hidden; ++i) row.push_back(2 * noise(static_cast<std::uint64_t>(s * 97 + i)));
    return row;
  }
  std::vector<Token> after(int s, int head) const {
    const std::vector<Token> tokens{(3 * s + 5) % config_.vocab, (7 * s + 1) % config_.vocab,
                                    (11 * s) % config_.vocab};
    return {tokens.begin(), tokens.begin() + head + 1};
  }
  void set_hidden(DraftHeads& heads, int sequences) const {
    for (int s = 0; s < sequences; ++s) {
      heads.open(SequenceId{s});
      EXPECT_FALSE(heads.has_hidden(SequenceId{s}));
      const Row32 row = hidden(s);
      heads.set_hidden(SequenceId{s}, {row.data(), config_.hidden, Place::host, Scalar::f32});
      EXPECT_TRUE(heads.has_hidden(SequenceId{s}));
    }
  }
  // The answer to head `n % kHeads` of sequence `n / kHeads`, for each n.
  std::vector<Row32> ask(DraftHeads& heads, const std::vector<int>& numbers) {
    std::vector<std::vector<Token>> tokens;
    for (const int n : numbers) tokens.push_back(after(n / kHeads, n % kHeads));
    std::vector<DraftHeads::Question> questions;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      questions.push_back({SequenceId{numbers[i] / kHeads}, numbers[i] % kHeads, tokens[i]});
    const Forward& forward = heads.forward(questions);
    EXPECT_EQ(forward.logits.count, static_cast<int>(numbers.size()));
    std::vector<Row32> answers;
    for (int i = 0; i < forward.logits.count; ++i) {
      Row32& row = answers.emplace_back(static_cast<std::size_t>(config_.vocab));
      copy_bytes(row.data(), forward.logits[i].data, row.size() * sizeof(float), *target_->stream());
    }
    target_->stream()->wait();
    return answers;
  }

  LlamaConfig config_ = tiny_config("LlamaForCausalLM");
  std::unique_ptr<CudaTransformer> target_, eager_target_;
  std::unique_ptr<CudaHeads> heads_, eager_;
  std::unique_ptr<CpuHeads> expected_;
};

const std::vector<int> kMixed{0, 1, 2, 4, 3, 8, 1};  // heads in no order, one question twice

TEST_P(CudaHeadsOnDevice, answer_like_the_processor) {
  set_hidden(*heads_, 3);
  set_hidden(*expected_, 3);
  const auto found = ask(*heads_, kMixed), expected = ask(*expected_, kMixed);
  EXPECT_EQ(heads_->forward({}).logits.count, 0);
  // The same roundings and other orders of summation, which may tip a rounding to bf16; f32 is rounded here
  // alone, by 2^-9, in two to four products in a row.
  const bool rounded_here = GetParam().dtype == Dtype::f32 || GetParam().precision == CudaPrecision::int8;
  const double tolerance = rounded_here ? 3e-2 : 5e-3;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double largest =
        std::abs(*std::ranges::max_element(expected[i], {}, [](float logit) { return std::abs(logit); }));
    for (std::size_t token = 0; token < found[i].size(); ++token)
      ASSERT_NEAR(found[i][token], expected[i][token], tolerance * largest) << "question " << i;
  }
}

TEST_P(CudaHeadsOnDevice, answer_a_question_alike_in_any_company) {
  constexpr int kSequences = 22;
  set_hidden(*heads_, kSequences);
  std::vector<int> all;
  for (int n = 0; n < kSequences * kHeads; ++n) all.push_back(n);
  all.insert(all.end(), 45, 3);  // of one head more than a part holds
  const auto together = ask(*heads_, all);
  for (const int n : {0, 3, 64, 65}) EXPECT_EQ(ask(*heads_, {n})[0], together[n]);
  EXPECT_EQ(together.back(), together[3]);
}

// Shapes come back with other questions, after buffers grew, and in order or not.
TEST_P(CudaHeadsOnDevice, answer_alike_with_graphs_and_without) {
  set_hidden(*heads_, 30);
  set_hidden(*eager_, 30);
  const auto expect_alike = [&] {
    for (int round = 0; round < 4; ++round) {
      for (const std::vector<int>& numbers :
           {std::vector{0, 3}, {0, 1, 2}, {2, 1, 0}, {1, 4, 7, 10}, kMixed}) {
        std::vector<int> others;
        for (const int n : numbers) others.push_back(n + kHeads * round);
        EXPECT_EQ(ask(*heads_, others), ask(*eager_, others)) << "round " << round;
      }
    }
  };
  expect_alike();
  EXPECT_EQ(heads_->graphs(), 5u);
  EXPECT_EQ(eager_->graphs(), 0u);
  std::vector<int> many;
  for (int n = 0; n < 30 * kHeads; ++n) many.push_back(n);
  EXPECT_EQ(ask(*heads_, many), ask(*eager_, many));
  expect_alike();
}

TEST_P(CudaHeadsOnDevice, say_when_they_overflow) {
  set_hidden(*heads_, 1);
  const Row32 huge(static_cast<std::size_t>(config_.hidden), 3e38f);
  heads_->set_hidden(SequenceId{0}, {huge.data(), config_.hidden, Place::host, Scalar::f32});
  ask(*heads_, {1});
  EXPECT_THROW(heads_->finish(), ConfigError);
  heads_->finish();
  heads_->close(SequenceId{0});
  set_hidden(*heads_, 1);  // the row of the closed one is free again, and nothing is remembered
  ask(*heads_, {1});
  heads_->finish();
}

INSTANTIATE_TEST_SUITE_P(All, CudaHeadsOnDevice,
                         testing::Values(HeadsCase{false, Dtype::f32, 1}, HeadsCase{false, Dtype::bf16, 2},
                                         HeadsCase{true, Dtype::f32, 2}, HeadsCase{true, Dtype::bf16, 1},
                                         HeadsCase{false, Dtype::bf16, 1, false},
                                         HeadsCase{true, Dtype::bf16, 2, true, CudaPrecision::int8}));

}  // namespace
}  // namespace speclab
