#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/models/checkpoint/known_tensors.h"
#include "tests/support/edited_checkpoint.h"

namespace speclab {
namespace {

using Json = nlohmann::json;

TEST(KnownTensorsTest, StarsStandForAnything) {
  EXPECT_TRUE(matches("a.b.c", "a.b.c"));
  EXPECT_TRUE(matches("a.b.c", "*"));
  EXPECT_TRUE(matches("a.b.c", "a*c"));
  EXPECT_TRUE(matches("a.b.c", "*b*"));
  EXPECT_TRUE(matches("ababc", "*abc"));
  EXPECT_TRUE(matches("abc", "abc*"));
  EXPECT_FALSE(matches("a.b.c", "a.b"));
  EXPECT_FALSE(matches("a.b.c", "b.c"));
  EXPECT_FALSE(matches("a.b.c", "a*d"));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_TRUE(matches("", "*"));
}

TEST(UnreadTensorsTest, LayersThatTheConfigLeavesOutAreRefused) {
  EditedCheckpoint folder;
  EXPECT_EQ(folder.refusal(), "");
  EXPECT_EQ(
      folder.refusal_with([](Json& json) { json["num_hidden_layers"] = 1; }),
      "model.safetensors: holds 9 tensors that LlamaForCausalLM of this config does not read, so it would "
      "not be the model that it is: 'model.layers.1.input_layernorm.weight', "
      "'model.layers.1.mlp.down_proj.weight', 'model.layers.1.mlp.gate_proj.weight' and 6 more; "
      "'num_hidden_layers' may be too small");
}

// All names of parameters that the classes of transformers 4.57 and 5.24 have beyond what an architecture
// reads here, those of buffers that were once saved, and those of what is put on top of such models.
TEST(UnreadTensorsTest, EveryTensorIsReadOrRefusedOrKnownToBeWithoutEffect) {
  const std::vector<std::pair<std::string, std::string>> kRefused = {
      {"model.layers.0.self_attn.q_proj.bias", "Qwen2ForCausalLM"},
      {"model.layers.0.self_attn.o_proj.bias", "attention_bias"},
      {"model.layers.1.mlp.gate_proj.bias", "mlp_bias"},
      {"model.layers.0.self_attn.q_norm.weight", "Qwen3ForCausalLM"},
      {"model.layers.0.self_attn.k_norm.weight", "Qwen3ForCausalLM"},
      {"model.layers.2.mlp.up_proj.weight", "num_hidden_layers"},
      {"model.layers.9.self_attn.q_proj.bias", "; 'num_hidden_layers' may be too small"},
      {"model.layers.9.mlp.up_proj.bias", "; 'num_hidden_layers' may be too small"},
      {"model.layers.9.self_attn.q_norm.weight", "; 'num_hidden_layers' may be too small"},
      {"model.layers.0.pre_feedforward_layernorm.weight", "does not read"},
      {"model.layers.0.mlp.experts.0.up_proj.weight", "mixture"},
      {"model.layers.0.self_attn.q_proj.lora_A.weight", "LoRA"},
      {"model.layers.0.self_attn.q_proj.qweight", "GPTQ or AWQ"},
      {"model.layers.0.self_attn.q_proj.weight_scale", "FP8"},
      {"model.layers.0.self_attn.q_proj.weight_scale_inv", "FP8"},
      {"model.layers.0.self_attn.q_proj.weight.absmax", "bitsandbytes"},
      {"model.layers.0.self_attn.k_scale", "quantized cache"},
      {"visual.blocks.0.attn.qkv.weight", "vision"},
      {"lm_head.bias", "head with a bias"},
      {"score.weight", "classifier"},
      {"v_head.summary.weight", "value head"},
      {"something", "does not read"},
  };
  for (const auto& [name, cause] : kRefused) {
    EditedCheckpoint folder;
    folder.add_tensor(name, {3}, 5);
    folder.write();
    EXPECT_NE(folder.refusal().find("'" + name + "'"), std::string::npos) << name << ": " << folder.refusal();
    EXPECT_NE(folder.refusal().find(cause), std::string::npos) << name << ": " << folder.refusal();
  }
  for (const char* name :
       {"model.layers.0.self_attn.rotary_emb.inv_freq", "model.rotary_emb.inv_freq",
        "model.layers.1.self_attn.rotary_emb.cos_cached", "model.layers.1.self_attn.rotary_emb.sin_cached"}) {
    EditedCheckpoint folder;
    folder.add_tensor(name, {3}, 5);
    folder.write();
    EXPECT_EQ(folder.refusal(), "") << name;
  }
}

TEST(UnreadTensorsTest, ALayerThatIsReadIsNotBeyondTheConfig) {
  EditedCheckpoint folder;
  folder.add_tensor("model.layers.0.something.weight", {3}, 5);
  folder.write();
  EXPECT_EQ(folder.refusal().find("num_hidden_layers"), std::string::npos) << folder.refusal();
}

TEST(UnreadTensorsTest, AnIndexAndItsShardsAgree) {
  EditedCheckpoint folder;
  folder.shard(6);
  EXPECT_EQ(folder.refusal(), "");
  folder.shard(6, [](Json& map) { map["model.layers.7.mlp.up_proj.weight"] = "b.safetensors"; });
  EXPECT_EQ(folder.refusal(),
            "holds 1 tensor that LlamaForCausalLM of this config does not read, so it would not be the model "
            "that it is: 'model.layers.7.mlp.up_proj.weight' (which the index has in b.safetensors, but that "
            "file has not); 'num_hidden_layers' may be too small");
  folder.add_tensor("model.layers.0.self_attn.q_proj.bias", {88}, 5);
  folder.shard(6, [](Json& map) { map.erase("model.layers.0.self_attn.q_proj.bias"); });
  EXPECT_EQ(
      folder.refusal(),
      "holds 1 tensor that LlamaForCausalLM of this config does not read, so it would not be the model "
      "that it is: 'model.layers.0.self_attn.q_proj.bias' (in b.safetensors, where the index does not have "
      "it); attention with biases is Qwen2ForCausalLM's, or another's with 'attention_bias' true");
}

TEST(UnreadTensorsTest, AHeadBesideTiedEmbeddingsMustBeTheEmbedding) {
  EditedCheckpoint folder;  // not tied
  folder.config().tied = true;
  folder.write();
  EXPECT_EQ(
      folder.refusal(),
      "'tie_word_embeddings' is true, but 'lm_head.weight' is there and differs from "
      "'model.embed_tokens.weight'; transformers 4 and vLLM use the embedding, transformers 5 the head: set "
      "it to false for the head, or take 'lm_head.weight' out of the file");
  folder.tensor("lm_head.weight").bytes = folder.tensor("model.embed_tokens.weight").bytes;
  folder.write();
  EXPECT_EQ(folder.refusal(), "");
}

}  // namespace
}  // namespace speclab
