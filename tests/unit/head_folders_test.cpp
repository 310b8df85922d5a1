// Folders of heads as others publish them: which layers are read and which parts may lack.
// head_keys_test.cpp has keys and tensors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "core/errors.h"
#include "kernels/llama/eagle_weights.h"
#include "kernels/llama/head_weights.h"
#include "tests/support/tiny_heads.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class PublishedHeads : public testing::Test {
 protected:
  PublishedHeads() {
    config_.layers = 12;
    target_ = random_weights(config_, Dtype::f32, 3);
  }
  EagleWeights eagle(const TinyHeads& heads) {
    heads.write(folder_.path());
    return load_eagle(folder_.path(), target_);
  }
  HeadWeights medusa(const TinyHeads& heads) {
    heads.write(folder_.path());
    return load_medusa(folder_.path(), target_);
  }
  HeadWeights hydra(const TinyHeads& heads) {
    heads.write(folder_.path());
    return load_hydra(folder_.path(), target_);
  }
  template <class Load>
  static std::string refusal(const Load& load) {
    try {
      load();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
  static TinyHeads with(TinyHeads heads, const char* key, const json& value) {
    heads.config[key] = value;
    return heads;
  }
  static TinyHeads without(TinyHeads heads, const std::string& name) {
    std::erase_if(heads.tensors, [&](const StoredTensor& t) { return t.name == name; });
    return heads;
  }
  static TinyHeads and_tensor(TinyHeads heads, const std::string& name, std::vector<std::int64_t> shape) {
    heads.tensors.push_back(random_tensor(name, Dtype::f32, std::move(shape), 1));
    return heads;
  }
  static StoredTensor mask(int vocab, int draft_vocab) {
    StoredTensor known{"t2d", Dtype::f32, {vocab}, {}, "BOOL"};
    known.bytes.resize(static_cast<std::size_t>(vocab));
    for (int token = 0; token < draft_vocab; ++token) known.bytes[target_token_of(token)] = std::byte{1};
    return known;
  }

  TemporaryDirectory folder_;
  LlamaConfig config_ = tiny_config("LlamaForCausalLM");
  LlamaWeights target_;
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(PublishedHeads, Eagle3ReadsTheLayersThatTheFileNames) {
  const TinyHeads third = tiny_eagle3(config_, Dtype::f32, 31);
  const char* key = "eagle_aux_hidden_state_layer_ids";
  EXPECT_EQ(eagle(third).taps, (std::vector{2, 6, 9}));
  EXPECT_EQ(eagle(with(third, key, {3, 7, 12})).taps, (std::vector{3, 7, 12}));
  EXPECT_EQ(eagle(with(third, "eagle_config", {{key, {3, 7, 12}}})).taps, (std::vector{3, 7, 12}));
  EXPECT_EQ(eagle(with(third, "aux_hidden_state_layer_ids", {3, 7, 12})).taps, (std::vector{3, 7, 12}));
  EXPECT_EQ(eagle(with(third, key, json::array())).taps, (std::vector{2, 6, 9}));
  EXPECT_EQ(eagle(with(with(third, key, {3, 7, 12}), "eagle_config", {{key, {3, 7, 12}}})).taps,
            (std::vector{3, 7, 12}));
  EXPECT_TRUE(eagle(with(third, key, {3, 7, 12})).config.remarks.empty());
  // Ids that begin with 1 count outputs from 0: these are EAGLE's own layers.
  const EagleWeights outputs = eagle(with(third, key, {1, 5, 8}));
  EXPECT_EQ(outputs.taps, (std::vector{2, 6, 9}));
  ASSERT_EQ(outputs.config.remarks.size(), 1u);
  EXPECT_HAS(outputs.config.remarks[0], "after 2, 6, 9 of its layers");
  const EagleWeights unsorted = eagle(with(third, key, {7, 12, 3}));
  EXPECT_EQ(unsorted.taps, (std::vector{3, 7, 12}));
  ASSERT_EQ(unsorted.config.remarks.size(), 1u);
  EXPECT_HAS(unsorted.config.remarks[0], "in the order of layers");
}

TEST_F(PublishedHeads, Eagle3ReadsAsManyLayersAsTheFileNames) {
  TinyHeads two = with(tiny_eagle3(config_, Dtype::f32, 31), "eagle_aux_hidden_state_layer_ids", {3, 7});
  EXPECT_HAS(refusal([&] { eagle(two); }),
             "tensor 'fc.weight' has shape (44, 132); config.json asks for (44, 88)");
  two.tensor("fc.weight") = random_tensor("fc.weight", Dtype::f32, {44, 88});
  EXPECT_EQ(eagle(two).fuse.inputs, 88);
  EXPECT_EQ(eagle(with(two, "num_aux_hidden_states", 2)).taps, (std::vector{3, 7}));
  EXPECT_HAS(refusal([&] { eagle(with(two, "num_aux_hidden_states", 3)); }), "is 3, but 2 layers are read");
}

TEST_F(PublishedHeads, IdsThatAreNoLayersAreRefused) {
  const TinyHeads third = tiny_eagle3(config_, Dtype::f32, 31);
  const char* key = "eagle_aux_hidden_state_layer_ids";
  const auto said = [&](const json& ids) { return refusal([&] { eagle(with(third, key, ids)); }); };
  EXPECT_HAS(said({99, 100, 101}), "has 99; the target has 12 layers, so 1 to 12 can be read");
  EXPECT_HAS(said({1, 5, 12}),
             "has 12; the target has 12 layers, so 1 to 11 can be read where the first is 1");
  EXPECT_HAS(said({0, 5, 8}), "has 0; the target has 12 layers");
  EXPECT_HAS(said({-1, 5, 8}), "has -1; the target has 12 layers");
  EXPECT_HAS(said({2, 2, 8}), "has 2 twice");
  EXPECT_HAS(said({2, 3.5, 8}), "it must be a list of layers");
  EXPECT_HAS(said(std::uint64_t{18446744073709551615u}), "it must be a list of layers");
  EXPECT_HAS(said({2, 5, std::uint64_t{18446744073709551615u}}), "the target has 12 layers");
  EXPECT_HAS(refusal([&] { eagle(with(third, "eagle_config", {{key, {99, 100, 101}}})); }), "'eagle_config'");
  EXPECT_HAS(refusal([&] {
               eagle(with(with(third, key, {2, 5, 8}), "eagle_config", {{key, {3, 5, 8}}}));
             }),
             "they must say the same");
  for (const json& value :
       {json{{"use_aux_hidden_state", false}}, json{{"eagle_config", {{"use_aux_hidden_state", false}}}}}) {
    TinyHeads heads = third;
    heads.config.update(value);
    EXPECT_HAS(refusal([&] { eagle(heads); }), "'use_aux_hidden_state' is false");
  }
}

TEST_F(PublishedHeads, BiasesOfEaglesLayerAreReadWhereTheConfigSaysSo) {
  const int queries = config_.heads * config_.head_dim, keys = config_.kv_heads * config_.head_dim;
  TinyHeads first = tiny_eagle(config_, Dtype::f32);
  for (const auto& [name, size] : {std::pair{"q", queries}, {"k", keys}, {"v", keys}})
    first = and_tensor(first, std::string("layers.0.self_attn.") + name + "_proj.bias", {size});
  EXPECT_HAS(refusal([&] { eagle(first); }), "only where 'qkv_bias' or 'attention_bias' is true");
  for (const char* key : {"qkv_bias", "attention_bias"}) {
    const EagleWeights read = eagle(with(first, key, true));
    EXPECT_EQ(read.layer.query_bias, first.tensor("layers.0.self_attn.q_proj.bias").view().floats());
    EXPECT_EQ(read.layer.value_bias, first.tensor("layers.0.self_attn.v_proj.bias").view().floats());
    EXPECT_HAS(refusal([&] { eagle(with(tiny_eagle(config_, Dtype::f32), key, true)); }), "q_proj.bias'");
  }
  const TinyHeads plain = tiny_eagle(config_, Dtype::f32);
  EXPECT_EQ(refusal([&] { eagle(with(plain, "bias", true)); }), "");
  EXPECT_HAS(refusal([&] { eagle(with(plain, "bias", false)); }),
             "'bias' is false, but tensor 'fc.bias' is there");
  EXPECT_HAS(refusal([&] { eagle(with(without(plain, "fc.bias"), "bias", true)); }), "'fc.bias' is missing");
}

TEST_F(PublishedHeads, AnEagleHeadWithoutAnOutputBorrowsTheTargets) {
  TinyHeads third = tiny_eagle3(config_, Dtype::f32, config_.vocab);
  std::erase_if(third.tensors,
                [](const StoredTensor& t) { return t.name == "d2t" || t.name == "lm_head.weight"; });
  const EagleWeights borrowed = eagle(third);
  EXPECT_EQ(borrowed.output.weights, target_.head);
  EXPECT_EQ(borrowed.final_norm.size(), 44u);
  EXPECT_EQ(eagle(with(third, "tie_word_embeddings", true)).output.weights, target_.head);
  third.config.erase("draft_vocab_size");
  EXPECT_EQ(eagle(third).output.weights, target_.head);
  EXPECT_HAS(refusal([&] {
               eagle(with(and_tensor(third, "embed_tokens.weight", {67, 44}), "tie_word_embeddings", true));
             }),
             "SGLang would take the embeddings");
  const std::string said =
      refusal([&] { eagle(without(tiny_eagle3(config_, Dtype::f32, 31), "lm_head.weight")); });
  EXPECT_HAS(said, "'draft_vocab_size' is 31, but there is no tensor 'lm_head.weight'");
  EXPECT_EQ(said.find("unless"), std::string::npos) << said;
  const TinyHeads own = and_tensor(tiny_eagle(config_, Dtype::f32), "lm_head.weight", {67, 44});
  EXPECT_NE(eagle(own).output.weights, target_.head);
}

TEST_F(PublishedHeads, MapsOfAReducedVocabularyAreChecked) {
  TinyHeads third = tiny_eagle3(config_, Dtype::f32, 31);
  third.tensors.push_back(mask(67, 31));
  EXPECT_EQ(refusal([&] { eagle(third); }), "");
  TinyHeads contradicting = third;
  contradicting.tensor("t2d").bytes[1] = std::byte{0};
  EXPECT_HAS(refusal([&] { eagle(contradicting); }),
             "'t2d' says that the draft does not know token 1 of the target");
  contradicting = third;
  contradicting.tensor("t2d").bytes[2] = std::byte{1};
  EXPECT_HAS(refusal([&] { eagle(contradicting); }), "'t2d' says that the draft knows token 2 of the target");
  contradicting = third;
  contradicting.tensor("t2d").bytes[2] = std::byte{7};
  EXPECT_HAS(refusal([&] { eagle(contradicting); }), "it must be 0 or 1");
  TinyHeads twice = tiny_eagle3(config_, Dtype::f32, 31);
  const std::int64_t offset = target_token_of(4) - 5;  // token 5 of the draft becomes what token 4 is
  std::memcpy(twice.tensor("d2t").bytes.data() + 8 * 5, &offset, 8);
  EXPECT_HAS(refusal([&] { eagle(twice); }), "maps tokens 4 and 5 of the draft to one of the target, 9");
  for (const std::int64_t far : {std::int64_t{INT64_MAX}, std::int64_t{INT64_MIN}}) {
    std::memcpy(twice.tensor("d2t").bytes.data() + 8 * 5, &far, 8);
    EXPECT_HAS(refusal([&] { eagle(twice); }), "but the target has 67 tokens");
  }
  EXPECT_HAS(refusal([&] { eagle(with(third, "draft_vocab_size", 68)); }), "which it is a part of, is 67");
}

TEST_F(PublishedHeads, NamesBelowModelAreRead) {
  for (TinyHeads heads : {tiny_eagle(config_, Dtype::f32), tiny_eagle3(config_, Dtype::f32, 31)}) {
    const EagleWeights plain = eagle(heads);
    const std::vector<float> norm = plain.layer.output_norm;
    for (StoredTensor& tensor : heads.tensors) {
      if (tensor.name != "lm_head.weight" && tensor.name != "d2t") tensor.name = "model." + tensor.name;
    }
    EXPECT_EQ(eagle(heads).layer.output_norm, norm);
  }
}

TEST_F(PublishedHeads, HeadsBeyondTheConfigsNumberAreThere) {
  const TinyHeads medusas = tiny_medusa(config_, Dtype::f32, 4, 1),
                  hydras = tiny_hydra(config_, Dtype::f32, 4, 1);
  HeadWeights read = medusa(with(medusas, "medusa_num_heads", 2));
  EXPECT_EQ(read.heads.size(), 4u);
  EXPECT_EQ(read.usual, 2);
  ASSERT_EQ(read.remarks.size(), 1u);
  EXPECT_HAS(read.remarks[0], "is 2, but 4 heads are there; drafter.heads");
  read = hydra(with(hydras, "hydra_num_heads", 2));
  EXPECT_EQ(read.heads.size(), 4u);
  EXPECT_EQ(read.usual, 2);
  EXPECT_EQ(read.remarks.size(), 1u);
  EXPECT_TRUE(medusa(medusas).remarks.empty());
  EXPECT_HAS(refusal([&] { medusa(with(medusas, "medusa_num_heads", 7)); }),
             "'medusa_num_heads' is 7, but 4 heads are there");
  EXPECT_HAS(refusal([&] { hydra(with(hydras, "hydra_num_heads", 7)); }),
             "'hydra_num_heads' is 7, but 4 heads are there");
  EXPECT_HAS(refusal([&] { medusa(with(tiny_medusa(config_, Dtype::f32, 2, 2), "medusa_num_layers", 1)); }),
             "'medusa_num_layers' may be too small");
  EXPECT_HAS(refusal([&] { hydra(with(tiny_hydra(config_, Dtype::f32, 2, 2), "hydra_num_layers", 1)); }),
             "'hydra_num_layers' may be too small");
}

// As FasterDecoding's Medusa, zankner's Hydra and many heads of EAGLE lie on the hub.
TEST_F(PublishedHeads, PickledHeadsAreToldHowToBecomeReadable) {
  const auto expect = [&](const TinyHeads& heads, const char* pickle, const char* written, const auto& read) {
    heads.write(folder_.path());
    fs::remove(folder_.path() / "model.safetensors");
    for (const char* other : {"training_args.bin", "optimizer.pt", pickle})
      std::ofstream(folder_.path() / other) << "";
    const std::string said = refusal([&] { read(); }), folder = folder_.path().string();
    EXPECT_HAS(said, std::string("its weights are as PyTorch pickles them (") + pickle + ")");
    EXPECT_HAS(said, "for f in ['" + folder + "/" + pickle + "']");
    EXPECT_HAS(said, "'" + folder + "/" + written + "')\" writes " + written);
    EXPECT_EQ(said.find("optimizer"), std::string::npos) << said;
    fs::remove(folder_.path() / pickle);
    EXPECT_EQ(refusal([&] { read(); }).find("python3"), std::string::npos);
  };
  const auto medusa = [&] { load_medusa(folder_.path(), target_); };
  const auto hydra = [&] { load_hydra(folder_.path(), target_); };
  const auto eagle = [&] { load_eagle(folder_.path(), target_); };
  const TinyHeads medusas = tiny_medusa(config_, Dtype::f32, 2, 1),
                  hydras = tiny_hydra(config_, Dtype::f32, 2, 1);
  expect(medusas, "medusa_lm_head.pt", "medusa_lm_head.safetensors", medusa);
  expect(medusas, "pytorch_model.bin", "model.safetensors", medusa);
  expect(hydras, "hydra_lm_head.pt", "hydra_lm_head.safetensors", hydra);
  expect(hydras, "pytorch_model.bin", "model.safetensors", hydra);
  expect(tiny_eagle(config_, Dtype::f32), "pytorch_model.bin", "model.safetensors", eagle);
  expect(tiny_eagle3(config_, Dtype::f32, 31), "pytorch_model.bin", "model.safetensors", eagle);
}

TEST_F(PublishedHeads, HeadsThatLackPartsOthersHaveAreRefused) {
  const TinyHeads medusas = tiny_medusa(config_, Dtype::f32, 3, 1),
                  hydras = tiny_hydra(config_, Dtype::f32, 2, 1);
  EXPECT_HAS(refusal([&] { medusa(without(medusas, "1.1.weight")); }), "but no '1.1.weight'");
  EXPECT_HAS(refusal([&] { medusa(without(medusas, "2.0.linear.bias")); }), "block 0 of head 0 has a bias");
  EXPECT_HAS(refusal([&] { medusa(without(medusas, "1.0.linear.weight")); }), "but 1 head is there");
  EXPECT_HAS(refusal([&] { medusa(and_tensor(medusas, "lm_head.weight", {67, 44})); }), "'0.1.weight'");
  EXPECT_HAS(refusal([&] { medusa(with(medusas, "medusa_fc_bias", false)); }), "but the blocks have biases");
  EXPECT_HAS(refusal([&] {
               hydra(and_tensor(hydras, "hydra_lm_head.1.weight", {67, 44}));
             }),
             "but no 'hydra_lm_head.0.weight'");
  EXPECT_HAS(refusal([&] { hydra(without(hydras, "hydra_mlp.1.0.res_connection.bias")); }),
             "residual matrix of head 0 has a bias");
  EXPECT_HAS(refusal([&] { hydra(with(hydras, "shared_lm_head", false)); }), "'shared_lm_head' is false");
  // One output for all, as vLLM stores it.
  TinyHeads shared = medusas;
  for (const char* name : {"1.1.weight", "2.1.weight"}) shared = without(shared, name);
  shared.tensor("0.1.weight").name = "lm_heads.0.weight";
  shared.config["original_lm_head"] = true;
  const HeadWeights one = medusa(shared);
  EXPECT_EQ(one.heads[2].output.weights, one.heads[0].output.weights);
  EXPECT_NE(one.heads[0].output.weights, target_.head);
}

TEST_F(PublishedHeads, KeysThatChangeResultsAreRefusedByName) {
  const TinyHeads third = tiny_eagle3(config_, Dtype::f32, 31);
  for (const char* key : {"norm_before_residual", "norm_before_fc", "fc_norm", "norm_output",
                          "parallel_drafting", "use_mtp_layernorm"}) {
    EXPECT_HAS(refusal([&] { eagle(with(third, key, true)); }), std::string("'") + key + "' is true");
    EXPECT_HAS(refusal([&] { eagle(with(third, "eagle_config", {{key, true}})); }), "'eagle_config': '");
    EXPECT_EQ(refusal([&] { eagle(with(third, key, false)); }), "") << key;
  }
  EXPECT_HAS(refusal([&] { eagle(with(third, "transformer_layer_config", json::object())); }), "speculators");
  EXPECT_HAS(refusal([&] { eagle(with(third, "target_hidden_size", 48)); }), "'target_hidden_size' is 48");
  EXPECT_EQ(eagle(with(third, "unheard_of", 3)).config.remarks.size(), 1u);
  EXPECT_EQ(medusa(with(tiny_medusa(config_, Dtype::f32, 2, 1), "unheard_of", 3)).remarks.size(), 1u);
  EXPECT_EQ(hydra(with(tiny_hydra(config_, Dtype::f32, 2, 1), "unheard_of", 3)).remarks.size(), 1u);
}

// The first rows of a matrix or vector alone.
StoredTensor first_rows(StoredTensor tensor, std::int64_t rows) {
  tensor.bytes.resize(tensor.bytes.size() / static_cast<std::size_t>(tensor.shape[0]) *
                      static_cast<std::size_t>(rows));
  tensor.shape[0] = rows;
  return tensor;
}

// Heads with rows of 80 tokens on a target of 67, of which its tokenizer has 60.
TEST_F(PublishedHeads, RowsThatPadAVocabularyAreLeftOut) {
  LlamaConfig wide = config_;
  wide.vocab = 80;
  const HeadTarget padded(target_, 60);
  const TemporaryDirectory narrow;
  const auto cut = [&](TinyHeads heads) {
    for (StoredTensor& tensor : heads.tensors) {
      if (tensor.shape[0] == 80) tensor = first_rows(tensor, 67);
    }
    heads.config["vocab_size"] = 67;
    return heads;
  };
  const auto weights = [](const Linear& linear) {
    return std::vector<std::byte>(
        linear.weights,
        linear.weights + static_cast<std::size_t>(linear.outputs * linear.inputs) * sizeof(float));
  };
  TinyHeads hydras = tiny_hydra(wide, Dtype::f32, 2, 1);
  for (const char* name : {"hydra_lm_head.0", "hydra_lm_head.1"}) {
    hydras = and_tensor(and_tensor(hydras, std::string(name) + ".weight", {80, 44}),
                        std::string(name) + ".bias", {80});
  }
  const auto expect_heads = [&](const TinyHeads& heads, const auto& load) {
    for (const bool says : {false, true}) {
      says ? with(heads, "vocab_size", 80).write(folder_.path()) : heads.write(folder_.path());
      EXPECT_EQ(rows_of_heads(folder_.path()), 80);
      const HeadWeights found = load(folder_.path(), padded);
      cut(heads).write(narrow.path());
      const HeadWeights expected = load(narrow.path(), target_);
      EXPECT_EQ(found.vocab, 67);
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(found.heads[i].output.outputs, 67);
        EXPECT_EQ(found.heads[i].output.bias, expected.heads[i].output.bias);
        EXPECT_EQ(weights(found.heads[i].output), weights(expected.heads[i].output));
      }
    }
  };
  expect_heads(tiny_medusa(wide, Dtype::f32, 2, 1), load_medusa);
  expect_heads(hydras, load_hydra);

  const auto expect_eagle = [&](const TinyHeads& heads) {
    heads.write(folder_.path());
    EXPECT_EQ(rows_of_heads(folder_.path()), 80);
    const EagleWeights found = load_eagle(folder_.path(), padded);
    cut(heads).write(narrow.path());
    const EagleWeights expected = load_eagle(narrow.path(), target_);
    EXPECT_EQ(found.vocab, 67);
    EXPECT_EQ(found.config.vocab, 67);
    EXPECT_EQ(found.output.outputs, expected.output.outputs);
    EXPECT_EQ(weights(found.output), weights(expected.output));
    EXPECT_EQ(found.target_token, expected.target_token);
    EXPECT_EQ(std::memcmp(found.table, expected.table, 67 * 44 * sizeof(float)), 0);
  };
  expect_eagle(and_tensor(and_tensor(tiny_eagle(wide, Dtype::f32), "embed_tokens.weight", {80, 44}),
                          "lm_head.weight", {80, 44}));
  TinyHeads third = tiny_eagle3(wide, Dtype::f32, 31);
  third.tensors.push_back(mask(80, 31));
  expect_eagle(third);
  // Without an output of their own heads have the target's rows.
  tiny_hydra(wide, Dtype::f32, 2, 1).write(folder_.path());
  EXPECT_EQ(rows_of_heads(folder_.path()), 0);
  EXPECT_EQ(rows_of_heads(folder_.path() / "nowhere"), 0);
}

TEST_F(PublishedHeads, SizesThatPaddingDoesNotExplainAreRefused) {
  const HeadTarget padded(target_, 60);
  const auto said = [&](int rows, const HeadTarget& target) {
    LlamaConfig other = config_;
    other.vocab = rows;
    tiny_medusa(other, Dtype::f32, 2, 1).write(folder_.path());
    return refusal([&] { load_medusa(folder_.path(), target); });
  };
  EXPECT_HAS(
      said(66, padded),
      "'vocab_size' is 66, but the target's is 67 (its tokenizer has 60 tokens); these heads belong to "
      "another target");
  EXPECT_EQ(said(60 + 1023, padded), "");
  EXPECT_HAS(said(60 + 1024, padded), "'vocab_size' is 1084, but the target's is 67 (its tokenizer");
  EXPECT_HAS(said(80, target_), "'vocab_size' is 80, but the target's is 67; these heads");
  TinyHeads third = tiny_eagle3(config_, Dtype::f32, 31);
  third.config["vocab_size"] = 80;
  third.write(folder_.path());
  EXPECT_EQ(refusal([&] { load_eagle(folder_.path(), padded); }), "");
  const std::int64_t offset = 70 - 30;
  std::memcpy(third.tensor("d2t").bytes.data() + 8 * 30, &offset, 8);
  third.write(folder_.path());
  EXPECT_HAS(refusal([&] { load_eagle(folder_.path(), padded); }),
             "maps token 30 of the draft to 70, but the target has 67 tokens");
}

TEST_F(PublishedHeads, ATensorWithoutEffectIsLeftOut) {
  const TinyHeads third = tiny_eagle3(config_, Dtype::f32, 31);
  EXPECT_EQ(refusal([&] { eagle(and_tensor(third, "midlayer.self_attn.rotary_emb.inv_freq", {4})); }), "");
}

}  // namespace
}  // namespace speclab
