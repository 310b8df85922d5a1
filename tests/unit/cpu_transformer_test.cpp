#include "kernels/cpu/cpu_transformer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/errors.h"
#include "tests/support/model_conformance.h"
#include "tests/support/project_files.h"
#include "tests/support/reference_transformer.h"
#include "tests/support/tiny_checkpoint.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

const char* const kArchitectures[] = {"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM",
                                      "Qwen3ForCausalLM"};

std::unique_ptr<LanguageModel> stored(const LlamaConfig& config, const std::vector<StoredTensor>& tensors,
                                      CpuOptions options = {}) {
  const TemporaryDirectory directory;
  write_config(directory.path(), config);
  write_safetensors(directory.path() / "model.safetensors", tensors);
  return load_cpu_model(directory.path(), std::move(options));  // the mapping outlives the file
}

std::vector<Token> some_text(int length, int vocab) {
  std::vector<Token> text;
  for (int i = 0; i < length; ++i) text.push_back((i * i * 13 + i * 5 + 2) % vocab);
  return text;
}

std::vector<float> last_row(LanguageModel& model, const std::vector<Token>& text) {
  const SequenceId id{7};
  model.open(id);
  const SequenceInput slice{.sequence = id, .text = text};
  const auto row = model.forward({&slice, 1}).logits[0].f32();
  const std::vector<float> copy(row.begin(), row.end());
  model.close(id);
  return copy;
}

// The largest difference, relative to the largest logit.
double difference(const std::vector<float>& found, const std::vector<double>& expected) {
  double max = 0, largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    max = std::max(max, std::abs(found[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return max / largest;
}

struct Case {
  std::string architecture;
  Dtype dtype;
  bool biases = false;
  LlamaConfig config() const {
    return biases ? biased(tiny_config(architecture)) : tiny_config(architecture);
  }
};
void PrintTo(const Case& of, std::ostream* out) { *out << of.architecture << ' ' << name_of(of.dtype); }

class CpuTransformerTest : public testing::TestWithParam<Case> {
 protected:
  LlamaConfig config_ = GetParam().config();
  std::vector<StoredTensor> tensors_ = random_tensors(config_, GetParam().dtype, 3);
};

// Fourteen products in a row, each with some 2^-24 sqrt(depth) of relative error: 1e-5 leaves a factor of
// ten. bf16 weights: each product's activations are rounded by 2^-9 at most, uniformly, which is 2^-9 /
// sqrt(3) of each sum's spread; sqrt(14) of them in a row are 0.4 %, and the largest of 67 logits three times
// that. Against a reference that rounds alike only values near a rounding boundary differ: a few of 2^-8.
TEST_P(CpuTransformerTest, EqualsThePlainTransformer) {
  const auto model = stored(config_, tensors_);
  const bool bf16 = GetParam().dtype == Dtype::bf16;
  const ReferenceTransformer exact(config_, tensors_);
  const ReferenceTransformer rounded(config_, tensors_, ReferenceTransformer::Activations::rounded_to_bf16);
  for (const int length : {1, 2, 9, 40}) {
    const std::vector<Token> text = some_text(length, config_.vocab);
    const std::vector<float> found = last_row(*model, text);
    EXPECT_LT(difference(found, exact.logits(text)), bf16 ? 3e-2 : 1e-5) << length;
    if (bf16) {
      EXPECT_LT(difference(found, rounded.logits(text)), 5e-3) << length;
    }
  }
}

TEST_P(CpuTransformerTest, KeepsTheContract) {
  check_model_conformance([&] { return stored(config_, tensors_); }, config_.max_positions,
                          config_.sliding_window);
}

TEST_P(CpuTransformerTest, NeitherInstructionSetNorThreadsChangeABit) {
  const std::vector<Token> text = some_text(70, config_.vocab);
  const std::vector<float> expected = last_row(*stored(config_, tensors_), text);
  for (const auto set : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512}) {
    if (!available(set)) continue;
    for (const int threads : {1, 2, 3}) {
      const auto model = stored(config_, tensors_, {&arithmetic(set), std::make_shared<ThreadTeam>(threads)});
      EXPECT_EQ(last_row(*model, text), expected) << arithmetic(set).name << ", " << threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, CpuTransformerTest, testing::ValuesIn([] {
                           std::vector<Case> cases;
                           for (const char* architecture : kArchitectures) {
                             for (const Dtype dtype : {Dtype::f32, Dtype::f16, Dtype::bf16}) {
                               cases.push_back({architecture, dtype});
                             }
                           }
                           for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
                             cases.push_back({"LlamaForCausalLM", dtype, true});
                             cases.push_back({"Qwen3ForCausalLM", dtype, true});
                           }
                           return cases;
                         }()),
                         [](const auto& param) {
                           return param.param.architecture + name_of(param.param.dtype) +
                                  (param.param.biases ? "biases" : "");
                         });

TEST(CpuTransformerBiases, EveryOneCounts) {
  for (const char* architecture : {"LlamaForCausalLM", "Qwen3ForCausalLM"}) {
    const LlamaConfig config = biased(tiny_config(architecture));
    std::vector<StoredTensor> tensors = random_tensors(config, Dtype::f32, 3);
    const std::vector<Token> text = some_text(9, config.vocab);
    const std::vector<float> before = last_row(*stored(config, tensors), text);
    int biases = 0;
    for (StoredTensor& tensor : tensors) {
      if (!tensor.name.ends_with(".bias")) continue;
      ++biases;
      const std::vector<std::byte> bytes = tensor.bytes;
      auto* values = reinterpret_cast<float*>(tensor.bytes.data());
      for (std::int64_t i = 0; i < tensor.view().elements(); i += 2) values[i] += 0.5f;
      const std::vector<float> row = last_row(*stored(config, tensors), text);
      EXPECT_NE(row, before) << tensor.name;
      EXPECT_LT(difference(row, ReferenceTransformer(config, tensors).logits(text)), 1e-5) << tensor.name;
      tensor.bytes = bytes;
    }
    EXPECT_EQ(biases, config.layers * (config.mlp_bias ? 7 : 4));
  }
}

// Rows of the tokens that there are, to the last bit, whatever the files hold beyond them.
TEST(CpuTransformerVocabularyTest, TokensThatAreLeftOutLeaveTheOthersAlone) {
  for (const bool tied : {false, true}) {
    LlamaConfig config = tiny_config("LlamaForCausalLM");
    config.tied = tied;
    const std::vector<StoredTensor> tensors = random_tensors(config, Dtype::bf16, 5);
    const TemporaryDirectory directory;
    write_config(directory.path(), config);
    write_safetensors(directory.path() / "model.safetensors", tensors);
    CpuTransformer all(load_weights(directory.path())), some(load_weights(directory.path(), 60));
    EXPECT_EQ(some.vocab(), 60);
    const std::vector<Token> text = some_text(9, 60);
    std::vector<float> expected = last_row(all, text);
    expected.resize(60);
    EXPECT_EQ(last_row(some, text), expected);
  }
}

// Windows in some layers only.
TEST(CpuTransformerWindowTest, OfSomeLayersEqualsThePlainTransformer) {
  LlamaConfig config = tiny_config("MistralForCausalLM");
  config.layers = 3;
  config.windowed = {false, true, false};
  const std::vector<StoredTensor> tensors = random_tensors(config, Dtype::f32, 5);
  const std::vector<Token> text = some_text(60, config.vocab);
  EXPECT_LT(difference(last_row(*stored(config, tensors), text),
                       ReferenceTransformer(config, tensors).logits(text)),
            1e-5);
  LlamaConfig everywhere = config;
  everywhere.windowed.clear();
  EXPECT_GT(difference(last_row(*stored(everywhere, tensors), text),
                       ReferenceTransformer(config, tensors).logits(text)),
            1e-3);
  check_model_conformance([&] { return stored(config, tensors); }, config.max_positions);
}

// The other ways of scaling rotary positions.
TEST(CpuTransformerRopeTest, EqualsThePlainTransformer) {
  for (const auto scaling : {RopeConfig::Scaling::linear, RopeConfig::Scaling::llama3}) {
    LlamaConfig config = tiny_config("LlamaForCausalLM");
    config.rope.scaling = scaling;
    config.rope.factor = 8;
    config.rope.original_max_positions = 32;
    config.tied = true;
    const std::vector<StoredTensor> tensors = random_tensors(config, Dtype::f32, 5);
    const std::vector<Token> text = some_text(60, config.vocab);
    EXPECT_LT(difference(last_row(*stored(config, tensors), text),
                         ReferenceTransformer(config, tensors).logits(text)),
              1e-5);
  }
}

// Logits that PyTorch made; see tests/data/checkpoints/README.md.
TEST(CpuTransformerRecordedTest, EqualsPyTorch) {
  const fs::path root = project_files() / "tests/data/checkpoints";
  int seen = 0;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (!entry.is_directory()) continue;
    ++seen;
    std::ifstream file(entry.path() / "reference.json");
    const nlohmann::json reference = nlohmann::json::parse(file);
    const std::vector<Token> text = reference["token_ids"];
    const auto model = load_cpu_model(entry.path());
    // bf16 weights round activations to bf16, PyTorch's reference does not: the bound derived above.
    const bool bf16 = dynamic_cast<const CpuTransformer&>(*model).weights().dtype == Dtype::bf16;
    const SequenceId id{1};
    model->open(id);
    for (std::size_t position = 0; position < text.size(); ++position) {
      const SequenceInput slice{.sequence = id, .text = std::span(text).subspan(position, 1)};
      const auto row = model->forward({&slice, 1}).logits[0].f32();
      const std::vector<double> expected = reference["logits"][position];
      EXPECT_LT(difference({row.begin(), row.end()}, expected), bf16 ? 3e-2 : 2e-5)
          << entry.path().filename() << ", position " << position;
    }
  }
  EXPECT_GE(seen, 7);
}

class MisuseTest : public testing::Test {
 protected:
  MisuseTest() {
    model_->open(id_);
    tree_.add(0, 1);
    tree_.add(1, 2);
  }
  void forward(std::span<const Token> text, std::span<const int> nodes) {
    const SequenceInput slice{.sequence = id_, .text = text, .tree = &tree_, .nodes = nodes};
    model_->forward({&slice, 1});
  }
  LlamaConfig config_ = tiny_config("LlamaForCausalLM");
  std::unique_ptr<LanguageModel> model_ = random_cpu_model(config_, Dtype::bf16, 1);
  SequenceId id_{4};
  TokenTree tree_;
  std::vector<Token> text_{1, 2, 3};
  std::vector<int> both_{1, 2}, first_{1}, second_{2};
};

TEST_F(MisuseTest, IsNamedAndChangesNothing) {
  EXPECT_THROW(model_->open(id_), BrokenInvariant);
  EXPECT_THROW(model_->length(SequenceId{5}), BrokenInvariant);
  EXPECT_THROW(model_->close(SequenceId{5}), BrokenInvariant);
  EXPECT_THROW(forward({}, both_), BrokenInvariant) << "no root";
  EXPECT_THROW(forward(text_, second_), BrokenInvariant) << "no parent";
  const std::vector<int> twice{1, 1}, beyond{1, 2, 3}, root{0};
  EXPECT_THROW(forward(text_, twice), BrokenInvariant);
  EXPECT_THROW(forward(text_, beyond), BrokenInvariant);
  EXPECT_THROW(forward(text_, root), BrokenInvariant);
  const std::vector<Token> unknown{1, config_.vocab}, negative{-1};
  EXPECT_THROW(forward(unknown, {}), BrokenInvariant);
  EXPECT_THROW(forward(negative, {}), BrokenInvariant);
  const SequenceInput slice{.sequence = id_, .text = text_};
  const SequenceInput same[] = {slice, slice};
  EXPECT_THROW(model_->forward(same), BrokenInvariant);
  EXPECT_EQ(model_->length(id_), 0);
  forward(text_, first_);
  EXPECT_THROW(forward({}, first_), BrokenInvariant) << "evaluated before";
  EXPECT_THROW(forward(text_, {}), BrokenInvariant) << "text while nodes wait";
  forward({}, second_);
  const Commit astray{id_, second_};
  EXPECT_THROW(model_->commit({&astray, 1}), BrokenInvariant);
  const Truncation longer{id_, 9};
  EXPECT_THROW(model_->truncate({&longer, 1}), BrokenInvariant);
}

TEST_F(MisuseTest, TooLongATextIsTheUsersMistake) {
  const std::vector<Token> full(static_cast<std::size_t>(config_.max_positions), 1);
  forward(full, {});
  try {
    forward({}, first_);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what())
                  .find("needs 161 positions, but the model has max_position_embeddings = 160"),
              std::string::npos)
        << error.what();
  }
  EXPECT_EQ(model_->length(id_), config_.max_positions);
}

TEST(CpuTransformerOverflowTest, IsReported) {
  const LlamaConfig config = tiny_config("LlamaForCausalLM");
  std::vector<StoredTensor> tensors = random_tensors(config, Dtype::f32, 1);
  for (StoredTensor& tensor : tensors) {
    if (tensor.name != "lm_head.weight") continue;
    auto* values = reinterpret_cast<float*>(tensor.bytes.data());
    std::fill_n(values, tensor.bytes.size() / sizeof(float), 3e38f);
  }
  const auto model = stored(config, tensors);
  EXPECT_THROW(last_row(*model, {1, 2}), ConfigError);
}

}  // namespace
}  // namespace speclab
