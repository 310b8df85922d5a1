#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/models/checkpoint/llama_config.h"
#include "core/models/checkpoint/model_folder.h"
#include "core/settings/json_settings.h"
#include "kernels/llama/eagle_weights.h"
#include "tests/support/edited_checkpoint.h"
#include "tests/support/tiny_heads.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

TEST(CraftedFolderTest, SizesAreBoundedBeforeTheyAreMultiplied) {
  const EditedCheckpoint folder;
  // 65,537 x 65,536 is 65,536 in 32 bits.
  EXPECT_EQ(folder.refusal_with([](Json& json) {
    json.update({{"num_attention_heads", 65537}, {"num_key_value_heads", 1}, {"head_dim", 65536}});
  }),
            "config.json: 'num_attention_heads', 65537, times 'head_dim', 65536, is 4295032832; at most "
            "16777216 can "
            "be run");
  for (const char* key : {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                          "num_key_value_heads", "head_dim", "vocab_size"}) {
    for (const Json& value : {Json(INT32_MAX), Json(std::uint64_t{1} << 32), Json(UINT64_MAX), Json(1e300)}) {
      const std::string refusal = folder.refusal_with([&](Json& json) { json[key] = value; });
      EXPECT_NE(refusal.find(key), std::string::npos) << value << ": " << refusal;
    }
  }
  EXPECT_EQ(folder.refusal_with([](Json& json) { json["eos_token_id"] = std::int64_t{1} << 32; }),
            "config.json: 'eos_token_id' is 4294967296, which is no token");
  // Layers are looked for before memory is taken for them.
  EXPECT_NE(folder.refusal_with([](Json& json) { json["num_hidden_layers"] = 1 << 24; }).find("layers.2."),
            std::string::npos);
}

TEST(CraftedFolderTest, ShardsLieInTheFolder) {
  const EditedCheckpoint folder;
  for (const char* place : {"../a.safetensors", "/etc/passwd", "b/../../a.safetensors", ""}) {
    folder.write();
    folder.shard(6, [&](Json& map) { map["model.norm.weight"] = place; });
    EXPECT_NE(folder.refusal().find("shards must lie in the index's own folder"), std::string::npos) << place;
  }
  // As Hugging Face's cache has them.
  const TemporaryDirectory blobs;
  folder.write();
  folder.shard(6);
  fs::rename(folder.path() / "a.safetensors", blobs.path() / "0123");
  fs::create_symlink(blobs.path() / "0123", folder.path() / "a.safetensors");
  EXPECT_EQ(folder.refusal(), "");
}

TEST(CraftedFolderTest, PipesAreRefusedBeforeTheyAreOpened) {
  const EditedCheckpoint folder;
  for (const char* name :
       {"config.json", "generation_config.json", "model.safetensors", "model.safetensors.index.json"}) {
    folder.write();
    if (std::string_view(name).ends_with("index.json")) fs::remove(folder.path() / "model.safetensors");
    fs::remove(folder.path() / name);
    ASSERT_EQ(::mkfifo((folder.path() / name).c_str(), 0600), 0);
    EXPECT_EQ(folder.refusal(),
              std::string(name) + ": is a pipe, a socket or a device; it must be a regular file");
  }
}

TEST(CraftedFolderTest, JsonIsOneValueOfEachKey) {
  const EditedCheckpoint folder;
  folder.write_file("config.json", R"({"hidden_size": 44, "hidden_size": 4})");
  EXPECT_EQ(folder.refusal(), "config.json: names the key \"hidden_size\" twice in one object");
  folder.write();
  fs::remove(folder.path() / "model.safetensors");
  folder.write_file("model.safetensors.index.json", R"({"weight_map": {"a": "b", "a": "c"}})");
  EXPECT_EQ(folder.refusal(), "model.safetensors.index.json: names the key \"a\" twice in one object");
}

TEST(CraftedFolderTest, SettingsThatChangeNothingAreTaken) {
  const EditedCheckpoint llama, qwen("Qwen2ForCausalLM"), mistral("MistralForCausalLM");
  const auto taken = [](const EditedCheckpoint& folder, const Json& more) {
    folder.write();
    folder.edit_config([&](Json& json) { json.update(more); });
    EXPECT_EQ(folder.refusal(), "") << more;
    return read_llama_config(folder.path());
  };
  taken(llama, {{"hidden_act", "swish"}});
  taken(llama, {{"sliding_window", 160}, {"use_sliding_window", false}});
  taken(llama, {{"sliding_window", 4}, {"layer_types", {"full_attention", "full_attention"}}});
  for (const char* type : {"yarn", "dynamic"})
    EXPECT_EQ(taken(llama, {{"rope_scaling", {{"type", type}, {"factor", 1.0}}}}).rope, RopeConfig{});
  taken(qwen, {{"attention_bias", true}});
  EXPECT_EQ(taken(qwen, {{"use_sliding_window", true}, {"max_window_layers", 2}}).sliding_window, 0);
  const LlamaConfig upper = taken(qwen, {{"use_sliding_window", true}, {"max_window_layers", 1}});
  EXPECT_EQ(upper.sliding_window, 4096);
  EXPECT_EQ(upper.windowed, (std::vector<bool>{false, true}));
  const LlamaConfig mixed = taken(mistral, {{"layer_types", {"sliding_attention", "full_attention"}}});
  EXPECT_EQ(mixed.window_of(0), 7);
  EXPECT_EQ(mixed.window_of(1), 0);
  EXPECT_EQ(taken(mistral, {{"sliding_window", nullptr}}).sliding_window, 0);
  // The same in both spellings, and both at once.
  const Json linear = {{"rope_type", "linear"}, {"factor", 2}, {"rope_theta", 1e4}};
  EXPECT_EQ(taken(llama, {{"rope_scaling", linear}}).rope, taken(llama, {{"rope_parameters", linear}}).rope);
  taken(llama, {{"rope_scaling", linear}, {"rope_parameters", linear}});
}

TEST(CraftedFolderTest, SettingsThatContradictEachOtherAreRefused) {
  const EditedCheckpoint llama, qwen("Qwen2ForCausalLM"), mistral("MistralForCausalLM");
  const auto refusal = [](const EditedCheckpoint& folder, const Json& more) {
    return folder.refusal_with([&](Json& json) { json.update(more); });
  };
  const Json linear = {{"rope_type", "linear"}, {"factor", 2}};
  EXPECT_EQ(refusal(llama, {{"rope_scaling", linear}, {"rope_parameters", {{"rope_type", "default"}}}}),
            "config.json: 'rope_scaling' and 'rope_parameters' differ; leave one of them out");
  EXPECT_EQ(
      refusal(llama, {{"rope_scaling", {{"rope_type", "linear"}, {"type", "default"}}}}),
      "config.json: 'rope_scaling': 'rope_type' is 'linear' and 'type' is 'default'; leave one of them out");
  EXPECT_EQ(
      refusal(llama, {{"rope_theta", 1e6}, {"rope_parameters", {{"rope_theta", 1e4}}}}),
      "config.json: 'rope_theta' is 1000000 and that of 'rope_parameters' is 10000; they must be the same");
  EXPECT_EQ(refusal(llama, {{"model_type", "mistral"}}),
            "config.json: 'architectures' is LlamaForCausalLM, but 'model_type' is 'mistral'; that of "
            "LlamaForCausalLM is 'llama'");
  EXPECT_NE(refusal(llama, {{"sliding_window", 4}}).find("LlamaForCausalLM does not read"),
            std::string::npos);
  EXPECT_NE(refusal(mistral, {{"sliding_window", 7}, {"use_sliding_window", false}})
                .find("'use_sliding_window' is false and 'sliding_window' is 7"),
            std::string::npos);
  EXPECT_NE(refusal(qwen, {{"layer_types", {"sliding_attention", "full_attention"}}})
                .find("there is no 'sliding_window' that is in use"),
            std::string::npos);
  EXPECT_NE(refusal(mistral, {{"layer_types", {"full_attention"}}}).find("no list of 2 entries"),
            std::string::npos);
  EXPECT_NE(refusal(mistral, {{"layer_types", {"full_attention", "chunked_attention"}}})
                .find("'layer_types' has \"chunked_attention\""),
            std::string::npos);
  EXPECT_EQ(refusal(qwen, {{"use_sliding_window", true}, {"max_window_layers", -1}}),
            "config.json: 'max_window_layers' is -1; it must be a whole number, 0 or more");
}

TEST(CraftedFolderTest, SlidingLayersWithoutAWindowAreRefused) {
  constexpr const char* kWanted =
      "'layer_types' has \"sliding_attention\", but there is no 'sliding_window'; ";
  const EditedCheckpoint llama;
  const LlamaConfig target = tiny_config("LlamaForCausalLM");
  const LlamaWeights weights = random_weights(target, Dtype::f32, 3);
  for (const bool null : {false, true}) {  // or not mentioned
    const auto edit = [&](Json& json, std::size_t layers) {
      json["layer_types"] = std::vector<std::string>(layers, "sliding_attention");
      json.erase("sliding_window");
      if (null) json["sliding_window"] = nullptr;
    };
    const std::string refusal = llama.refusal_with([&](Json& json) { edit(json, 2); });
    EXPECT_NE(refusal.find(kWanted), std::string::npos) << refusal;
    for (TinyHeads heads : {tiny_eagle(target, Dtype::f32), tiny_eagle3(target, Dtype::f32, 31)}) {
      edit(heads.config, 1);
      const TemporaryDirectory folder;
      heads.write(folder.path());
      try {
        load_eagle(folder.path(), weights);
        FAIL();
      } catch (const ConfigError& error) {
        EXPECT_NE(std::string(error.what()).find(kWanted), std::string::npos) << error.what();
      }
    }
  }
}

TEST(CraftedFolderTest, RopeThatStretchesNamesItsType) {
  EditedCheckpoint llama;
  const auto refusal = [&](const char* key, const Json& rope) {
    return llama.refusal_with([&](Json& json) { json[key] = rope; });
  };
  constexpr const char* kCure =
      " and no 'rope_type', without which nothing is stretched; 'rope_type' must say which way is meant: "
      "linear and llama3 can be run";
  EXPECT_EQ(refusal("rope_scaling", {{"factor", 8}}),
            std::string("config.json: 'rope_scaling': has 'factor' 8") + kCure);
  EXPECT_EQ(refusal("rope_scaling", {{"rope_type", "default"}, {"factor", 8}}),
            "config.json: 'rope_scaling': has 'factor' 8 and rope type 'default', which stretches nothing; "
            "'rope_type' must say which way is meant: linear and llama3 can be run");
  Json llama3 = {{"factor", 8}, {"low_freq_factor", 1}, {"high_freq_factor", 4}};
  llama3["original_max_position_embeddings"] = 64;
  EXPECT_NE(refusal("rope_scaling", llama3).find(kCure), std::string::npos);
  EXPECT_NE(refusal("rope_parameters", llama3).find(kCure), std::string::npos);
  for (const auto& [key, value] : std::map<std::string, Json>{{"low_freq_factor", 1},
                                                              {"high_freq_factor", 4},
                                                              {"attention_factor", 1.5},
                                                              {"original_max_position_embeddings", 64},
                                                              {"beta_fast", 32},
                                                              {"beta_slow", 1},
                                                              {"mscale", 1},
                                                              {"mscale_all_dim", 1},
                                                              {"short_factor", Json::array({1, 2})},
                                                              {"long_factor", Json::array({1, 2})}}) {
    for (Json rope : {Json::object(), Json{{"rope_type", "default"}}, Json{{"type", "default"}}}) {
      rope[key] = value;
      const std::string said = refusal("rope_scaling", rope);
      EXPECT_NE(said.find("has '" + key + "' " + value.dump()), std::string::npos) << rope << ": " << said;
    }
  }
  for (const Json& rope :
       std::vector<Json>{Json::object(),
                         {{"rope_theta", 1e4}},
                         {{"factor", 1.0}},
                         {{"rope_type", "default"}, {"factor", 1}},
                         {{"rope_type", "default"}, {"beta_fast", nullptr}},
                         {{"type", "default"}, {"attention_factor", 1}},
                         {{"original_max_position_embeddings", llama.config().max_positions}}})
    EXPECT_EQ(refusal("rope_scaling", rope), "") << rope;
}

TEST(CraftedFolderTest, AnAdapterIsNeverLeftOutInSilence) {
  EditedCheckpoint folder;
  const auto refusal = [&] {
    folder.write_file("adapter_config.json", "{}");
    try {
      require_model_folder(folder.path());
    } catch (const ConfigError& error) {
      return std::string(error.what()).substr(folder.path().string().size());
    }
    return std::string();
  };
  const std::string beside =
      ": has an adapter_config.json beside the model's weights; transformers puts that adapter (LoRA or the "
      "like) on the model, speclab cannot: merge it into the model (peft: merge_and_unload, then "
      "save_pretrained) and take that folder, or move adapter_config.json away for the model without it";
  EXPECT_EQ(refusal(), beside);
  folder.shard(6);
  EXPECT_EQ(refusal(), beside);
  fs::remove(folder.path() / "model.safetensors.index.json");
  folder.write_file("pytorch_model.bin", "");
  EXPECT_EQ(refusal(), beside);
  fs::remove(folder.path() / "pytorch_model.bin");
  folder.write_file("adapter_model.bin", "");
  EXPECT_NE(refusal().find("is an adapter (LoRA or the like), not a model"), std::string::npos);
}

TEST(JsonSettingsTest, AKeyThatIsNotThereIsRefusedByName) {
  const Json json = {{"here", nullptr}};
  const JsonSettings settings(json, "a.json");
  EXPECT_EQ(settings.at("here"), nullptr);
  try {
    settings.at("elsewhere");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "a.json: has no 'elsewhere'");
  }
}

}  // namespace
}  // namespace speclab
