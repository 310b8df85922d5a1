// EAGLE's heads: against the same written out in double without a cache, and what must not matter.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <numeric>

#include "core/check.h"
#include "core/errors.h"
#include "core/random/counter_rng.h"
#include "kernels/cpu/cpu_eagle.h"
#include "tests/support/reference_heads.h"
#include "tests/support/tiny_heads.h"

namespace speclab {
namespace {

using Values = std::vector<float>;
using Tokens = std::vector<Token>;
constexpr int kDraftVocab = 31;

struct Case {
  bool third;
  Dtype dtype;
  EagleExtra extra = EagleExtra::nothing;
};
void PrintTo(const Case& of, std::ostream* out) {
  *out << (of.third ? "EAGLE-3 " : "EAGLE-1 ") << name_of(of.dtype) << " extra "
       << static_cast<int>(of.extra);
}

class EagleTest : public testing::TestWithParam<Case> {
 protected:
  EagleTest() {
    config_.layers = 5;  // EAGLE-3 reads after 2, 2 and 2 of them
    tiny_ = tiny_eagle_with(GetParam().extra, GetParam().third, config_, GetParam().dtype, kDraftVocab);
    target_ = random_weights(config_, GetParam().dtype, 3);
    model_ = load();
    // Depth 3; two siblings with one token; numbers that do not follow the levels.
    tree_.reset(text_.back());
    constexpr int kParents[] = {0, 0, 1, 0, 3, 1, 2, 3};
    constexpr Token kTokens[] = {4, 9, 2, 4, 7, 1, 3, 8};
    for (int i = 0; i < 8; ++i) tree_.add(kParents[i], kTokens[i]);
    all_.resize(8);
    std::iota(all_.begin(), all_.end(), 1);
  }
  std::unique_ptr<CpuEagle> load(CpuOptions options = {}) {
    const TemporaryDirectory folder;
    tiny_.write(folder.path());
    return std::make_unique<CpuEagle>(load_eagle(folder.path(), target_), std::move(options));
  }
  int width() const {
    return (GetParam().third ? static_cast<int>(model_->taps().size()) : 1) * config_.hidden;
  }
  // The target's feature of a place; the same for the same seed.
  Values feature(int place, int seed = 1) const {
    Values row;
    for (int i = 0; i < width(); ++i) {
      const std::uint64_t bits =
          mix64(static_cast<std::uint64_t>(seed) * 7919 + static_cast<std::uint64_t>(place) * 104729 +
                static_cast<std::uint64_t>(i) * 31);
      row.push_back(static_cast<float>(static_cast<double>(bits >> 11) * 0x1p-53 * 4 - 2));
    }
    return row;
  }
  void set_features(CpuEagle& model, SequenceId id, int from, int to, int seed = 1) const {
    for (int place = from; place < to; ++place) {
      const Values row = feature(place, seed);
      model.set_features(id, {row.data(), width(), Place::host, Scalar::f32});
    }
  }
  SequenceId fresh(CpuEagle& model, int places, int seed = 1) {
    const SequenceId id{next_++};
    model.open(id);
    set_features(model, id, 0, places, seed);
    return id;
  }
  static std::vector<Values> rows(const Forward& forward) {
    std::vector<Values> all;
    for (int i = 0; i < forward.logits.count; ++i) {
      const auto row = forward.logits[i].f32();
      all.emplace_back(row.begin(), row.end());
    }
    return all;
  }
  std::vector<Values> forward(SequenceId id, std::span<const Token> text, std::span<const int> nodes,
                              PassOutput give = PassOutput::scores) {
    const SequenceInput slice{.sequence = id, .text = text, .tree = &tree_, .nodes = nodes, .give = give};
    return rows(model_->forward({&slice, 1}));
  }
  // The rows of the root and of all nodes, by a model that has seen nothing else.
  std::vector<Values> expected(CpuOptions options = {}) {
    const auto model = load(std::move(options));
    const SequenceId id{77};
    model->open(id);
    set_features(*model, id, 0, 10);
    const SequenceInput slice{.sequence = id, .text = text_, .tree = &tree_, .nodes = all_};
    return rows(model->forward({&slice, 1}));
  }

  LlamaConfig config_ = tiny_config("LlamaForCausalLM");
  TinyHeads tiny_;
  LlamaWeights target_;
  std::unique_ptr<CpuEagle> model_;
  Tokens text_{5, 1, 60, 33, 2, 2, 17, 40, 8, 21, 6};  // features of 10 places are needed
  TokenTree tree_;
  std::vector<int> all_;
  int next_ = 1;
};

// A layer and two products more: the bounds of tests/unit/cpu_transformer_test.cpp, at most twice as much for
// a node three deep, whose input is an output three times over.
TEST_P(EagleTest, TextAndTreeEqualTheFormulasInDouble) {
  std::vector<StoredTensor> tensors = random_tensors(config_, GetParam().dtype, 3);
  for (const StoredTensor& tensor : tiny_.tensors) {
    if (tensor.stored_as.empty()) tensors.push_back(tensor);
  }
  const bool bf16 = GetParam().dtype == Dtype::bf16;
  const std::vector<Values> found = expected();
  ASSERT_EQ(found.size(), 9u);
  std::vector<std::vector<double>> features;
  for (int place = 0; place < 10; ++place) {
    const Values row = feature(place);
    features.emplace_back(row.begin(), row.end());
  }
  for (const auto activations :
       {ReferenceTransformer::Activations::exact, ReferenceTransformer::Activations::rounded_to_bf16}) {
    const bool rounded = activations == ReferenceTransformer::Activations::rounded_to_bf16;
    if (rounded && !bf16) continue;
    const ReferenceHeads reference(config_, tensors, activations);
    for (int node = 0; node <= 8; ++node) {
      Tokens tokens = text_;
      for (const int above : tree_.path(node)) tokens.push_back(tree_.token(above));
      const std::vector<double> logits = reference.eagle(tokens, features, GetParam().third);
      double max = 0, largest = 0;
      for (std::size_t i = 0; i < logits.size(); ++i) {
        const auto token =
            GetParam().third ? static_cast<std::size_t>(target_token_of(static_cast<int>(i))) : i;
        max = std::max(max, std::abs(found[node][token] - logits[i]));
        largest = std::max(largest, std::abs(logits[i]));
      }
      EXPECT_LT(max / largest, !bf16 ? 2e-5 : rounded ? 1e-2 : 6e-2) << "node " << node;
      const auto unknown = std::ranges::count(found[node], -std::numeric_limits<float>::infinity());
      EXPECT_EQ(unknown, GetParam().third ? config_.vocab - kDraftVocab : 0);
    }
  }
}

TEST_P(EagleTest, RoundsEqualOnePass) {
  const std::vector<Values> whole = expected();
  const SequenceId id = fresh(*model_, 10);
  std::vector<Values> found(9);
  found[0] = forward(id, text_, {})[0];
  for (int depth = 1; depth <= 3; ++depth) {
    std::vector<int> nodes;
    for (int node = 1; node <= 8; ++node) {
      if (tree_.depth(node) == depth) nodes.push_back(node);
    }
    const std::vector<Values> level = forward(id, {}, nodes);
    for (std::size_t i = 0; i < nodes.size(); ++i) found[nodes[i]] = level[i];
  }
  EXPECT_EQ(found, whole);
}

TEST_P(EagleTest, PathsEqualTheTree) {
  const std::vector<Values> whole = expected();
  for (int node = 1; node <= 8; ++node) {
    const SequenceId id = fresh(*model_, 10);
    EXPECT_EQ(forward(id, text_, tree_.path(node)).back(), whole[node]) << node;
  }
}

TEST_P(EagleTest, CutsAndLongTextsDoNotMatter) {
  Tokens longer;
  for (int i = 0; i < 150; ++i) longer.push_back((i * i * 13 + 5) % 67);
  const SequenceId whole = fresh(*model_, 149), cut = fresh(*model_, 149);
  const Values expected = forward(whole, longer, {})[0];
  const std::span<const Token> text = longer;
  forward(cut, text.first(1), {}, PassOutput::nothing);
  EXPECT_EQ(model_->length(cut), 1);
  forward(cut, text.subspan(1, 1), {}, PassOutput::nothing);
  forward(cut, text.subspan(2, 80), {}, PassOutput::nothing);
  EXPECT_EQ(forward(cut, text.subspan(82), {})[0], expected);
  EXPECT_EQ(model_->length(cut), 150);
}

// What it predicted is forgotten: after a step the cache is that of the text alone, with the target's
// features.
TEST_P(EagleTest, AStepEqualsAfresh) {
  const SequenceId id = fresh(*model_, 10);
  forward(id, text_, all_);
  const std::vector<int> path{1, 3};
  const Commit kept{id, path};
  EXPECT_EQ(model_->commit({&kept, 1}).new_tokens, 0);
  EXPECT_EQ(model_->length(id), 11);
  set_features(*model_, id, 10, 13);  // the root's and the accepted nodes'
  const Tokens more{4, 2, 50};        // these, and the target's own token
  Tokens longer = text_;
  longer.insert(longer.end(), more.begin(), more.end());
  const SequenceId anew = fresh(*model_, 13);
  EXPECT_EQ(forward(id, more, all_), forward(anew, longer, all_));
}

TEST_P(EagleTest, RewindEqualsAfresh) {
  const SequenceId id = fresh(*model_, 10);
  forward(id, text_, all_);
  for (const int length : {7, 1, 0}) {
    const Truncation rewound{id, length};
    model_->truncate({&rewound, 1});
    EXPECT_EQ(model_->length(id), length);
    set_features(*model_, id, length, 10, 2);  // another text, so other features from there on
    const SequenceId anew = fresh(*model_, length);
    set_features(*model_, anew, length, 10, 2);
    EXPECT_EQ(forward(id, std::span(text_).subspan(static_cast<std::size_t>(length)), all_),
              forward(anew, text_, all_))
        << length;
  }
}

TEST_P(EagleTest, ABatchEqualsOnes) {
  std::vector<Values> apart;
  std::vector<SequenceInput> slices;
  const std::vector<int> some{1, 3}, none;
  const std::span<const Token> text = text_;
  for (int i = 0; i < 5; ++i) {
    const auto part = text.first(static_cast<std::size_t>(11 - i));
    const std::vector<int>& nodes = i % 2 == 0 ? all_ : i == 1 ? some : none;
    for (const Values& row : forward(fresh(*model_, 10 - i, i), part, nodes)) apart.push_back(row);
    slices.push_back({.sequence = fresh(*model_, 10 - i, i), .text = part, .tree = &tree_, .nodes = nodes});
  }
  EXPECT_EQ(rows(model_->forward(slices)), apart);
}

TEST_P(EagleTest, NeitherInstructionSetNorThreadsChangeABit) {
  const std::vector<Values> whole = expected();
  for (const auto set : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512}) {
    if (!available(set)) continue;
    for (const int threads : {1, 3}) {
      EXPECT_EQ(expected({&arithmetic(set), std::make_shared<ThreadTeam>(threads)}), whole)
          << arithmetic(set).name << ", " << threads << " threads";
    }
  }
}

TEST_P(EagleTest, WorkIsTold) {
  const SequenceId id = fresh(*model_, 10);
  const SequenceInput slice{.sequence = id, .text = text_, .tree = &tree_, .nodes = all_};
  const Work work = model_->forward({&slice, 1}).work;
  EXPECT_EQ(work.new_tokens, 10 + 8);  // the first token of a text has no row
  EXPECT_EQ(work.rows, 9);
  EXPECT_EQ(work.pairs, 55 + 3 * 11 + 3 * 12 + 2 * 13);
}

TEST_P(EagleTest, MisuseIsNoticed) {
  const SequenceId id = fresh(*model_, 9);
  EXPECT_THROW(forward(id, text_, {}), BrokenInvariant) << "a feature is missing";
  EXPECT_THROW(forward(id, std::span(text_).first(1), {}), BrokenInvariant) << "the first token has no row";
  const Values narrow(static_cast<std::size_t>(width() - 1));
  EXPECT_THROW(model_->set_features(id, {narrow.data(), width() - 1, Place::host, Scalar::f32}),
               BrokenInvariant);
  EXPECT_THROW(forward(id, std::span(text_).first(4), {}, PassOutput::features), BrokenInvariant);
  EXPECT_EQ(model_->length(id), 0);
  forward(id, std::span(text_).first(4), {});
  EXPECT_THROW(model_->open(id), BrokenInvariant);
}

// What a folder may have or not is not just read.
TEST_P(EagleTest, EveryBiasCounts) {
  const std::vector<Values> whole = expected();
  for (StoredTensor& tensor : tiny_.tensors) {
    if (!tensor.name.ends_with(".bias")) continue;
    const StoredTensor before = tensor;
    shift(tensor, 0.5f);
    const std::vector<Values> shifted = expected();
    for (std::size_t row = 0; row < whole.size(); ++row) EXPECT_NE(shifted[row], whole[row]) << tensor.name;
    tensor = before;
  }
}

INSTANTIATE_TEST_SUITE_P(All, EagleTest,
                         testing::Values(Case{false, Dtype::f32}, Case{false, Dtype::bf16},
                                         Case{true, Dtype::f32}, Case{true, Dtype::bf16},
                                         Case{false, Dtype::f32, EagleExtra::biases},
                                         Case{false, Dtype::bf16, EagleExtra::output},
                                         Case{true, Dtype::f32, EagleExtra::biases},
                                         Case{true, Dtype::f32, EagleExtra::two_layers},
                                         Case{true, Dtype::bf16, EagleExtra::four_layers}));

// From the target's tokens to the head's logits, with the layers that a file names read off the target,
// against both written out in double.
TEST(EagleTaps, AreTheTargetsLayersThatTheFileNames) {
  LlamaConfig config = tiny_config("LlamaForCausalLM");
  config.layers = 12;
  const std::vector<StoredTensor> of_target = random_tensors(config, Dtype::f32, 3);
  CpuTransformer target(random_weights(config, Dtype::f32, 3));
  const Tokens text{5, 1, 60, 33, 2, 17, 40};
  struct Named {
    std::vector<int> ids;
    bool nested;
    std::vector<int> taps;
  };
  const std::vector<Named> all = {{{}, false, {2, 6, 9}},
                                  {{3, 7, 12}, false, {3, 7, 12}},
                                  {{3, 7, 12}, true, {3, 7, 12}},
                                  {{1, 5, 8}, false, {2, 6, 9}},
                                  {{1, 5, 8}, true, {2, 6, 9}},
                                  {{2, 10}, false, {2, 10}},
                                  {{4, 6, 8, 11}, true, {4, 6, 8, 11}},
                                  {{1, 3, 5, 8}, true, {2, 4, 6, 9}}};
  std::map<std::vector<int>, Values> rows;
  for (const Named& named : all) {
    SCOPED_TRACE(testing::PrintToString(named.ids));
    TinyHeads tiny = tiny_eagle3(config, Dtype::f32, kDraftVocab);
    if (!named.ids.empty()) read_layers(tiny, Dtype::f32, named.ids, named.nested);
    const TemporaryDirectory folder;
    tiny.write(folder.path());
    CpuEagle layer(load_eagle(folder.path(), target.weights()));
    const SequenceId id{1};
    target.tap(layer.taps());
    target.open(id);
    layer.open(id);
    const SequenceInput read{.sequence = id, .text = std::span(text).first(6), .give = PassOutput::features};
    const Rows& tapped = target.forward({&read, 1}).tapped;
    for (int i = 0; i < tapped.count; ++i) layer.set_features(id, tapped[i]);
    const SequenceInput asked{.sequence = id, .text = text};
    const auto row = layer.forward({&asked, 1}).logits[0].f32();
    target.close(id);

    std::vector<StoredTensor> tensors = of_target;
    for (const StoredTensor& tensor : tiny.tensors) {
      if (tensor.stored_as.empty() && tensor.name != "lm_head.weight") tensors.push_back(tensor);
    }
    const ReferenceHeads reference_target(config, of_target);
    tensors.push_back(tiny.tensor("lm_head.weight"));
    const std::vector<double> logits =
        ReferenceHeads(config, tensors)
            .eagle(text, reference_target.residuals({text.begin(), text.begin() + 6}, named.taps), true);
    double largest = 0, max = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const auto token = static_cast<std::size_t>(target_token_of(static_cast<int>(i)));
      largest = std::max(largest, std::abs(logits[i]));
      max = std::max(max, std::abs(row[token] - logits[i]));
    }
    EXPECT_LT(max / largest, 1e-4);
    const auto [slot, fresh] = rows.try_emplace(named.taps, row.begin(), row.end());
    EXPECT_EQ(slot->second, Values(row.begin(), row.end())) << "the same layers under another name";
  }
  EXPECT_EQ(rows.size(), 5u);
  EXPECT_NE((rows.at({2, 6, 9})), (rows.at({3, 7, 12})));
}

TEST(EagleFolders, ThatDoNotFitAreNamed) {
  LlamaConfig config = tiny_config("LlamaForCausalLM");
  config.layers = 5;
  LlamaWeights target = random_weights(config, Dtype::f32, 3);
  const TemporaryDirectory folder;
  const auto refusal = [&](const TinyHeads& heads) -> std::string {
    heads.write(folder.path());
    try {
      load_eagle(folder.path(), target);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  const auto expect = [&](const TinyHeads& heads, const char* part) {
    const std::string said = refusal(heads);
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  const TinyHeads first = tiny_eagle(config, Dtype::f32),
                  third = tiny_eagle3(config, Dtype::f32, kDraftVocab);
  EXPECT_EQ(refusal(first), "");
  EXPECT_EQ(refusal(third), "");
  const auto changed = [](TinyHeads heads, const char* key, const nlohmann::json& value) {
    heads.config[key] = value;
    return heads;
  };
  expect(changed(first, "hidden_size", 48), "'hidden_size' is 48, but the target's is 44; this head belongs");
  expect(changed(first, "vocab_size", 66), "'vocab_size' is 66, but the target's is 67");
  expect(changed(first, "num_hidden_layers", 2), "'num_hidden_layers' is 2; only 1 can be run");
  expect(changed(third, "norm_before_residual", true), "'norm_before_residual' is true");
  expect(changed(third, "draft_vocab_size", 30),
         "tensor 'lm_head.weight' has shape (31, 44); config.json asks for (30, 44)");
  expect(changed(first, "architectures", {"GPT2LMHeadModel"}),
         "architecture 'GPT2LMHeadModel' cannot be run");
  TinyHeads lacking = first;
  std::erase_if(lacking.tensors,
                [](const StoredTensor& t) { return t.name == "layers.0.mlp.up_proj.weight"; });
  expect(lacking, "has no tensor 'layers.0.mlp.up_proj.weight', which an EAGLE head");
  TinyHeads mapped = third;
  const std::int64_t far = 40;
  std::memcpy(mapped.tensor("d2t").bytes.data() + 8 * 30, &far, 8);
  expect(mapped, "tensor 'd2t' maps token 30 of the draft 40 tokens on, but the target has 67 tokens");
  TinyHeads normed = first;
  normed.tensors.push_back(random_tensor("layers.0.input_layernorm.weight", Dtype::f32, {44}, 1));
  expect(normed, "'layers.0.input_layernorm.weight'; EAGLE-1's first layer does not norm");
  target.config.layers = 3;
  expect(third, "but it has 3");
}

}  // namespace
}  // namespace speclab
