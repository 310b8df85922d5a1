// Medusa's and Hydra's heads: against the same written out in double, and what must not matter.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/check.h"
#include "core/errors.h"
#include "core/random/counter_rng.h"
#include "kernels/cpu/cpu_heads.h"
#include "tests/support/reference_heads.h"
#include "tests/support/tiny_heads.h"

namespace speclab {
namespace {

constexpr int kHeads = 3;
using Row32 = std::vector<float>;

Row32 some_row(int width, std::uint64_t seed) {
  Row32 row;
  for (int i = 0; i < width; ++i) {
    row.push_back(static_cast<float>(
        static_cast<double>(mix64(seed * 1000003 + static_cast<std::uint64_t>(i)) >> 11) * 0x1p-53 * 4 - 2));
  }
  return row;
}

Row as_row(const Row32& row) { return {row.data(), static_cast<int>(row.size()), Place::host, Scalar::f32}; }

double difference(const Row32& found, const std::vector<double>& expected) {
  double max = 0, largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    max = std::max(max, std::abs(found[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return max / largest;
}

struct Case {
  bool hydra;
  Dtype dtype;
  int layers;
};
void PrintTo(const Case& of, std::ostream* out) {
  *out << (of.hydra ? "hydra " : "medusa ") << name_of(of.dtype) << ' ' << of.layers;
}

class HeadsTest : public testing::TestWithParam<Case> {
 protected:
  HeadsTest() {
    const Case& c = GetParam();
    tiny_ = c.hydra ? tiny_hydra(config_, c.dtype, kHeads, c.layers)
                    : tiny_medusa(config_, c.dtype, kHeads, c.layers);
    tensors_ = random_tensors(config_, c.dtype, 3);
    target_ = random_weights(config_, c.dtype, 3);
  }
  std::unique_ptr<CpuHeads> load(CpuOptions options = {}) {
    const TemporaryDirectory folder;
    tiny_.write(folder.path());
    return std::make_unique<CpuHeads>(
        GetParam().hydra ? load_hydra(folder.path(), target_) : load_medusa(folder.path(), target_),
        std::move(options));
  }
  ReferenceHeads reference(ReferenceTransformer::Activations activations) {
    std::vector<StoredTensor> all = tensors_;
    all.insert(all.end(), tiny_.tensors.begin(), tiny_.tensors.end());
    return {config_, all, activations};
  }
  // Every head of sequences 0 .. n - 1, of which each has a hidden row of its own.
  static std::vector<Row32> all_answers(CpuHeads& heads, int sequences, bool at_once) {
    std::vector<DraftHeads::Question> questions;
    for (int s = 0; s < sequences; ++s) {
      const SequenceId id{s};
      heads.open(id);
      EXPECT_FALSE(heads.has_hidden(id));
      heads.set_hidden(id, as_row(some_row(44, static_cast<std::uint64_t>(s))));
      for (int head = 0; head < kHeads; ++head)
        questions.push_back({id, head, std::span(tokens_of(s)).first(static_cast<std::size_t>(head) + 1)});
    }
    std::vector<Row32> answers;
    const auto ask = [&](std::span<const DraftHeads::Question> some) {
      const Forward& forward = heads.forward(some);
      EXPECT_EQ(forward.logits.count, static_cast<int>(some.size()));
      for (int i = 0; i < forward.logits.count; ++i) {
        const auto row = forward.logits[i].f32();
        answers.emplace_back(row.begin(), row.end());
      }
    };
    if (at_once) {
      ask(questions);
    } else {
      for (const auto& question : questions) ask({&question, 1});
    }
    for (int s = 0; s < sequences; ++s) heads.close(SequenceId{s});
    return answers;
  }
  static const std::vector<Token>& tokens_of(int s) {
    static const std::vector<std::vector<Token>> tokens = [] {
      std::vector<std::vector<Token>> all;
      for (int i = 0; i < 100; ++i) all.push_back({(3 * i + 5) % 67, (7 * i + 1) % 67, (11 * i) % 67});
      return all;
    }();
    return tokens[s];
  }

  LlamaConfig config_ = tiny_config("LlamaForCausalLM");
  TinyHeads tiny_;
  std::vector<StoredTensor> tensors_;
  LlamaWeights target_;
};

// Two to four products in a row: the bounds of tests/unit/cpu_transformer_test.cpp, which has fourteen, hold
// the more.
TEST_P(HeadsTest, EqualTheFormulasInDouble) {
  const auto heads = load();
  const bool bf16 = GetParam().dtype == Dtype::bf16;
  const std::vector<Row32> found = all_answers(*heads, 5, true);
  for (const auto activations :
       {ReferenceTransformer::Activations::exact, ReferenceTransformer::Activations::rounded_to_bf16}) {
    const bool rounded = activations == ReferenceTransformer::Activations::rounded_to_bf16;
    if (rounded && !bf16) continue;
    const ReferenceHeads expected = reference(activations);
    for (int s = 0; s < 5; ++s) {
      const Row32 row = some_row(44, static_cast<std::uint64_t>(s));
      const std::vector<double> hidden(row.begin(), row.end());
      for (int head = 0; head < kHeads; ++head) {
        const std::vector<Token> after(tokens_of(s).begin(), tokens_of(s).begin() + head + 1);
        const std::vector<double> logits = GetParam().hydra
                                               ? expected.hydra(head, GetParam().layers, hidden, after)
                                               : expected.medusa(head, GetParam().layers, hidden);
        EXPECT_LT(difference(found[s * kHeads + head], logits), !bf16     ? 1e-5
                                                                : rounded ? 5e-3
                                                                          : 3e-2)
            << "sequence " << s << ", head " << head;
      }
    }
  }
}

TEST_P(HeadsTest, NeitherBatchNorThreadsNorInstructionSetChangeABit) {
  const std::vector<Row32> expected = all_answers(*load(), 70, false);  // 70: more than a panel holds
  EXPECT_EQ(all_answers(*load(), 70, true), expected);
  for (const auto set : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512}) {
    if (!available(set)) continue;
    for (const int threads : {1, 3}) {
      const auto heads = load({&arithmetic(set), std::make_shared<ThreadTeam>(threads)});
      EXPECT_EQ(all_answers(*heads, 70, true), expected)
          << arithmetic(set).name << ", " << threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, HeadsTest,
                         testing::Values(Case{false, Dtype::f32, 1}, Case{false, Dtype::bf16, 2},
                                         Case{true, Dtype::f32, 2}, Case{true, Dtype::bf16, 1}));

class HeadFoldersTest : public testing::Test {
 protected:
  std::string refusal(bool hydra, const TinyHeads& heads) {
    heads.write(folder_.path());
    return refusal(hydra);
  }
  std::string refusal(bool hydra) {
    try {
      hydra ? load_hydra(folder_.path(), target_) : load_medusa(folder_.path(), target_);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
  static Row32 first_row(HeadWeights weights) {
    CpuHeads heads(std::move(weights));
    heads.open(SequenceId{0});
    heads.set_hidden(SequenceId{0}, as_row(some_row(44, 1)));
    const std::vector<Token> after{4, 9};
    const DraftHeads::Question question{SequenceId{0}, 1, after};
    const auto row = heads.forward({&question, 1}).logits[0].f32();
    return {row.begin(), row.end()};
  }

  TemporaryDirectory folder_;
  LlamaConfig config_ = tiny_config("LlamaForCausalLM");
  LlamaWeights target_ = random_weights(config_, Dtype::f32, 3);
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

// The same weights under every spelling, and heads on the target's own output matrix.
TEST_F(HeadFoldersTest, SpellingsAreOne) {
  const TinyHeads plain = tiny_medusa(config_, Dtype::f32, 2, 1);
  plain.write(folder_.path());
  const Row32 expected = first_row(load_medusa(folder_.path(), target_));
  for (const std::string prefix : {"medusa_head.", "medusa_heads."}) {
    TinyHeads renamed = plain;
    for (StoredTensor& tensor : renamed.tensors) tensor.name = prefix + tensor.name;
    renamed.write(folder_.path());
    EXPECT_EQ(first_row(load_medusa(folder_.path(), target_)), expected) << prefix;
  }
  TinyHeads vllm = plain;
  vllm.config = {
      {"num_heads", 2}, {"num_hidden_layers", 1}, {"hidden_size", 44}, {"truncated_vocab_size", 67}};
  for (int i = 0; i < 2; ++i) {
    const std::string n = std::to_string(i);
    vllm.tensor(n + ".0.linear.weight").name = "blocks." + n + ".layers.0.weight";
    vllm.tensor(n + ".0.linear.bias").name = "blocks." + n + ".layers.0.bias";
    vllm.tensor(n + ".1.weight").name = "lm_heads." + n + ".weight";
  }
  vllm.write(folder_.path());
  EXPECT_EQ(first_row(load_medusa(folder_.path(), target_)), expected);

  TinyHeads shared = plain;
  std::erase_if(shared.tensors,
                [](const StoredTensor& tensor) { return tensor.name.ends_with(".1.weight"); });
  shared.write(folder_.path());
  const HeadWeights weights = load_medusa(folder_.path(), target_);
  EXPECT_EQ(weights.heads[1].output.weights, target_.head);
  EXPECT_NE(first_row(weights), expected);
}

TEST_F(HeadFoldersTest, ThatDoNotFitAreNamed) {
  EXPECT_HAS(refusal(false), "config.json: there is no such file");
  TinyHeads medusa = tiny_medusa(config_, Dtype::f32, 2, 1);
  medusa.config.erase("medusa_num_heads");
  EXPECT_HAS(refusal(false, medusa), "config.json: has no 'num_heads'");
  medusa = tiny_medusa(config_, Dtype::f32, 2, 1);
  medusa.config["medusa_num_heads"] = 3;
  EXPECT_HAS(refusal(false, medusa),
             "'medusa_num_heads' is 3, but 2 heads are there (there is no tensor '2.0.linear.weight')");
  medusa = tiny_medusa(config_, Dtype::f32, 2, 1);
  medusa.config["hidden_size"] = 48;
  EXPECT_HAS(refusal(false, medusa),
             "'hidden_size' is 48, but the target's is 44; these heads belong to another target");
  medusa.config.erase("hidden_size");
  medusa.config["vocab_size"] = 70;
  EXPECT_HAS(refusal(false, medusa), "'vocab_size' is 70, but the target's is 67");
  medusa = tiny_medusa(config_, Dtype::f32, 2, 1);
  medusa.tensor("1.0.linear.weight") = random_tensor("1.0.linear.weight", Dtype::f32, {48, 48});
  EXPECT_HAS(refusal(false, medusa),
             "tensor '1.0.linear.weight' has shape (48, 48); config.json asks for (44, 44)");
  medusa = tiny_medusa(config_, Dtype::f32, 2, 1);
  const float nan = std::nanf("");
  std::memcpy(medusa.tensor("0.1.weight").bytes.data() + 4 * 5, &nan, 4);
  EXPECT_HAS(refusal(false, medusa), "tensor '0.1.weight' holds nan at index 5; all weights must be finite");
  medusa = tiny_medusa(config_, Dtype::f32, 2, 1);
  medusa.config["truncated_vocab_size"] = 10;
  EXPECT_HAS(refusal(false, medusa), "'truncated_vocab_size' and 'token_map'");
  medusa = tiny_medusa(config_, Dtype::f32, 2, 1);
  medusa.write(folder_.path());
  const auto file = folder_.path() / "model.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 9);
  EXPECT_HAS(refusal(false), "(is the file truncated?)");

  TinyHeads hydra = tiny_hydra(config_, Dtype::f32, 2, 1);
  EXPECT_EQ(refusal(true, hydra), "");
  hydra.config["hydra_head_arch"] = "prefix-mlp";
  EXPECT_HAS(refusal(true, hydra), "'hydra_head_arch' is 'prefix-mlp'; only mlp can be run");
  hydra = tiny_hydra(config_, Dtype::f32, 2, 1);
  hydra.config["grounded_heads"] = false;
  EXPECT_HAS(refusal(true, hydra), "'grounded_heads' is false; only heads that read");
  hydra = tiny_hydra(config_, Dtype::f32, 2, 1);
  std::erase_if(hydra.tensors,
                [](const StoredTensor& t) { return t.name == "hydra_mlp.1.0.res_connection.weight"; });
  EXPECT_HAS(refusal(true, hydra), "has no tensor 'hydra_mlp.1.0.res_connection.weight'");
}

TEST_F(HeadFoldersTest, MisuseIsNoticed) {
  tiny_hydra(config_, Dtype::f32, 2, 1).write(folder_.path());
  CpuHeads heads(load_hydra(folder_.path(), target_));
  const SequenceId id{4};
  EXPECT_THROW(heads.has_hidden(id), BrokenInvariant);
  heads.open(id);
  EXPECT_THROW(heads.open(id), BrokenInvariant);
  const std::vector<Token> one{3};
  const DraftHeads::Question early{id, 0, one}, beyond{id, 2, one}, short_of{id, 1, one};
  EXPECT_THROW(heads.forward({&early, 1}), BrokenInvariant);
  EXPECT_THROW(heads.set_hidden(id, as_row(some_row(43, 1))), BrokenInvariant);
  heads.set_hidden(id, as_row(some_row(44, 1)));
  EXPECT_THROW(heads.forward({&beyond, 1}), BrokenInvariant);
  EXPECT_THROW(heads.forward({&short_of, 1}), BrokenInvariant);
  EXPECT_EQ(heads.forward({&early, 1}).work, (Work{.sequences = 1, .new_tokens = 1, .rows = 1}));
}

}  // namespace
}  // namespace speclab
