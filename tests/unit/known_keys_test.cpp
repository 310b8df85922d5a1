#include "core/settings/known_keys.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/errors.h"
#include "core/models/checkpoint/llama_config.h"
#include "core/models/checkpoint/llama_keys.h"
#include "tests/support/edited_checkpoint.h"

namespace speclab {
namespace {

using Json = nlohmann::json;

// What a published class of configs knows by name: its own arguments or fields, and what it takes out of
// further ones. From the sources of transformers 4.57.1 and 5.24.0.
constexpr const char* kPretrainedConfig4[] = {
    "_attn_implementation", "_auto_class", "_commit_hash", "_name_or_path", "add_cross_attention",
    "architectures", "attn_implementation", "attribute_map", "base_config_key", "base_model_ep_plan",
    "base_model_pp_plan", "base_model_tp_plan", "bos_token_id", "chunk_size_feed_forward",
    "cross_attention_hidden_size", "decoder_start_token_id", "dtype", "eos_token_id", "finetuning_task",
    "gradient_checkpointing", "has_no_defaults_at_init", "id2label", "is_decoder", "is_encoder_decoder",
    "keys_to_ignore_at_inference", "label2id", "model_type", "name_or_path", "num_labels",
    "output_attentions", "output_hidden_states", "pad_token_id", "prefix", "problem_type", "pruned_heads",
    "return_dict", "sep_token_id", "sub_configs", "task_specific_params", "tf_legacy_loss",
    "tie_encoder_decoder", "tie_word_embeddings", "tokenizer_class", "torch_dtype", "torchscript",
    "transformers_version", "use_bfloat16",
    // Defaults of generation, which it still takes.
    "bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "do_sample", "early_stopping",
    "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "forced_bos_token_id",
    "forced_eos_token_id", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size",
    "num_beam_groups", "num_beams", "num_return_sequences", "output_scores", "remove_invalid_values",
    "repetition_penalty", "return_dict_in_generate", "suppress_tokens", "temperature", "top_k", "top_p",
    "typical_p"};
constexpr const char* kPreTrainedConfig5[] = {"_attn_implementation",
                                              "_auto_class",
                                              "_commit_hash",
                                              "architectures",
                                              "attn_implementation",
                                              "attribute_map",
                                              "base_config_key",
                                              "base_model_ep_plan",
                                              "base_model_fsdp_plan",
                                              "base_model_pp_plan",
                                              "base_model_tp_plan",
                                              "chunk_size_feed_forward",
                                              "dtype",
                                              "experts_implementation",
                                              "extra_config_files",
                                              "extra_files",
                                              "id2label",
                                              "is_encoder_decoder",
                                              "label2id",
                                              "model_type",
                                              "name_or_path",
                                              "num_labels",
                                              "original_max_position_embeddings",
                                              "output_attentions",
                                              "output_hidden_states",
                                              "partial_rotary_factor",
                                              "per_layer_config",
                                              "problem_type",
                                              "return_dict",
                                              "rope_scaling",
                                              "rope_theta",
                                              "sub_configs_defaults",
                                              "tie_last_hidden_states",
                                              "torch_dtype",
                                              "transformers_version"};
constexpr const char* kLlamaConfig[] = {"attention_bias",
                                        "attention_dropout",
                                        "bos_token_id",
                                        "eos_token_id",
                                        "head_dim",
                                        "hidden_act",
                                        "hidden_size",
                                        "initializer_range",
                                        "intermediate_size",
                                        "max_position_embeddings",
                                        "mlp_bias",
                                        "num_attention_heads",
                                        "num_hidden_layers",
                                        "num_key_value_heads",
                                        "pad_token_id",
                                        "pretraining_tp",
                                        "rms_norm_eps",
                                        "rope_parameters",
                                        "rope_scaling",
                                        "rope_theta",
                                        "tie_word_embeddings",
                                        "use_cache",
                                        "vocab_size"};
constexpr const char* kMistralConfig[] = {"attention_dropout",   "bos_token_id",
                                          "eos_token_id",        "head_dim",
                                          "hidden_act",          "hidden_size",
                                          "initializer_range",   "intermediate_size",
                                          "layer_types",         "max_position_embeddings",
                                          "num_attention_heads", "num_hidden_layers",
                                          "num_key_value_heads", "pad_token_id",
                                          "rms_norm_eps",        "rope_parameters",
                                          "rope_theta",          "sliding_window",
                                          "tie_word_embeddings", "use_cache",
                                          "vocab_size"};
constexpr const char* kQwen2And3Config[] = {"attention_bias",
                                            "attention_dropout",
                                            "bos_token_id",
                                            "eos_token_id",
                                            "head_dim",
                                            "hidden_act",
                                            "hidden_size",
                                            "initializer_range",
                                            "intermediate_size",
                                            "layer_types",
                                            "max_position_embeddings",
                                            "max_window_layers",
                                            "num_attention_heads",
                                            "num_hidden_layers",
                                            "num_key_value_heads",
                                            "pad_token_id",
                                            "rms_norm_eps",
                                            "rope_parameters",
                                            "rope_scaling",
                                            "rope_theta",
                                            "sliding_window",
                                            "tie_word_embeddings",
                                            "use_cache",
                                            "use_sliding_window",
                                            "vocab_size"};
constexpr const char* kRopeParameters[] = {"attention_factor",
                                           "beta_fast",
                                           "beta_slow",
                                           "factor",
                                           "full_attention",
                                           "high_freq_factor",
                                           "long_factor",
                                           "low_freq_factor",
                                           "mscale",
                                           "mscale_all_dim",
                                           "original_max_position_embeddings",
                                           "partial_rotary_factor",
                                           "rope_theta",
                                           "rope_type",
                                           "short_factor",
                                           "sliding_attention",
                                           "truncate",
                                           "type"};
constexpr const char* kGenerationConfig4And5[] = {"_commit_hash",
                                                  "_from_model_config",
                                                  "assistant_confidence_threshold",
                                                  "assistant_early_exit",
                                                  "assistant_ensemble_weight",
                                                  "assistant_lookbehind",
                                                  "bad_words_ids",
                                                  "begin_suppress_tokens",
                                                  "bos_token_id",
                                                  "cache_config",
                                                  "cache_implementation",
                                                  "compile_config",
                                                  "constraints",
                                                  "continuous_batching_config",
                                                  "decoder_start_token_id",
                                                  "disable_compile",
                                                  "diversity_penalty",
                                                  "do_sample",
                                                  "dola_layers",
                                                  "early_stopping",
                                                  "encoder_no_repeat_ngram_size",
                                                  "encoder_repetition_penalty",
                                                  "eos_token_id",
                                                  "epsilon_cutoff",
                                                  "eta_cutoff",
                                                  "exponential_decay_length_penalty",
                                                  "force_bos_token_to_be_generated",
                                                  "force_words_ids",
                                                  "forced_bos_token_id",
                                                  "forced_eos_token_id",
                                                  "guidance_scale",
                                                  "is_assistant",
                                                  "length_penalty",
                                                  "low_memory",
                                                  "max_cache_len",
                                                  "max_length",
                                                  "max_matching_ngram_size",
                                                  "max_new_tokens",
                                                  "max_time",
                                                  "min_length",
                                                  "min_new_tokens",
                                                  "min_p",
                                                  "no_repeat_ngram_size",
                                                  "num_assistant_tokens",
                                                  "num_assistant_tokens_schedule",
                                                  "num_beam_groups",
                                                  "num_beams",
                                                  "num_return_sequences",
                                                  "output_attentions",
                                                  "output_hidden_states",
                                                  "output_logits",
                                                  "output_scores",
                                                  "pad_token_id",
                                                  "penalty_alpha",
                                                  "prefill_chunk_size",
                                                  "prompt_lookup_num_tokens",
                                                  "remove_invalid_values",
                                                  "renormalize_logits",
                                                  "repetition_penalty",
                                                  "return_dict_in_generate",
                                                  "return_legacy_cache",
                                                  "sequence_bias",
                                                  "speculation_type",
                                                  "stop_strings",
                                                  "suppress_tokens",
                                                  "target_lookbehind",
                                                  "temperature",
                                                  "token_healing",
                                                  "top_h",
                                                  "top_k",
                                                  "top_p",
                                                  "transformers_version",
                                                  "typical_p",
                                                  "use_cache",
                                                  "use_mtp",
                                                  "watermarking_config"};

void expect_known(std::span<const KeyTable> tables, std::span<const char* const> names) {
  for (const char* name : names) EXPECT_NE(find_key(tables, name), nullptr) << name;
}

TEST(KnownKeysTest, EveryKeyOfPublishedConfigsHasAFate) {
  for (const std::span<const char* const> names :
       {std::span<const char* const>(kPretrainedConfig4), std::span<const char* const>(kPreTrainedConfig5),
        std::span<const char* const>(kLlamaConfig), std::span<const char* const>(kMistralConfig),
        std::span<const char* const>(kQwen2And3Config)}) {
    expect_known(llama_config_keys(), names);
  }
  expect_known(rope_keys(), kRopeParameters);
  expect_known(generation_keys(), kGenerationConfig4And5);
}

TEST(KnownKeysTest, TablesSayWhyAndNameAKeyOnce) {
  for (const auto tables : {llama_config_keys(), rope_keys(), generation_keys()}) {
    std::set<std::string> names;
    for (const KeyTable table : tables) {
      for (const KnownKey& key : table) {
        EXPECT_TRUE(names.insert(key.name).second) << key.name;
        EXPECT_EQ(key.fate == KeyFate::read, std::string(key.why).empty()) << key.name;
        EXPECT_TRUE(Json::parse(key.values).is_array()) << key.name;
      }
    }
  }
}

// A value that no key can have, so that its reader must say so.
const Json kOdd = Json::array({{{"odd", 1}}});

bool names_it(const std::string& text, const char* key) {
  return text.find(std::string("'") + key + "'") != std::string::npos;
}

class KeyFateTest : public testing::Test {
 protected:
  // Of a folder whose config.json has these.
  LlamaConfig read(const Json& more) {
    folder_.write();
    folder_.edit_config([&](Json& json) { json.update(more); });
    return read_llama_config(folder_.path());
  }
  EditedCheckpoint folder_{"Qwen2ForCausalLM"};
};

TEST_F(KeyFateTest, IsWhatTheTableSays) {
  // What makes the other keys count that need another's value.
  const Json llama3 = {{"rope_type", "llama3"},
                       {"factor", 8},
                       {"low_freq_factor", 1},
                       {"high_freq_factor", 4},
                       {"original_max_position_embeddings", 64}};
  const Json base = {{"use_sliding_window", true},
                     {"max_window_layers", 0},
                     {"sliding_window", 9},
                     {"rope_scaling", llama3}};
  ASSERT_EQ(read(base).remarks, std::vector<std::string>{});
  for (const KeyTable table : llama_config_keys()) {
    for (const KnownKey& key : table) {
      Json more = base;
      more[key.name] = kOdd;
      // Qwen2 has biases whatever it says.
      if (key.name == std::string("attention_bias")) more["architectures"] = {"Qwen3ForCausalLM"};
      std::string refusal;
      std::vector<std::string> remarks;
      try {
        remarks = read(more).remarks;
      } catch (const ConfigError& error) {
        refusal = error.what();
      }
      const bool refused = key.fate == KeyFate::read || key.fate == KeyFate::only;
      EXPECT_EQ(refused, names_it(refusal, key.name)) << key.name << ": " << refusal;
      EXPECT_EQ(refused, !refusal.empty()) << key.name << ": " << refusal;
      EXPECT_EQ(key.fate == KeyFate::said, remarks.size() == 1 && names_it(remarks.front(), key.name))
          << key.name;
      if (key.fate == KeyFate::inert) {
        EXPECT_EQ(remarks, std::vector<std::string>{}) << key.name;
      }
      for (const Json& harmless : Json::parse(key.values)) {
        more[key.name] = harmless;
        EXPECT_EQ(read(more).remarks, std::vector<std::string>{}) << key.name << " " << harmless;
      }
      more[key.name] = nullptr;
      if (key.fate != KeyFate::read) {
        EXPECT_EQ(read(more).remarks, std::vector<std::string>{}) << key.name;
      }
    }
  }
}

TEST_F(KeyFateTest, OfRopeIsWhatTheTableSays) {
  for (const KeyTable table : rope_keys()) {
    for (const KnownKey& key : table) {
      Json rope = {{"rope_type", "llama3"},
                   {"factor", 8},
                   {"low_freq_factor", 1},
                   {"high_freq_factor", 4},
                   {"original_max_position_embeddings", 64}};
      if (key.name == std::string("attention_factor")) rope = {{"rope_type", "yarn"}, {"factor", 1}};
      if (key.name == std::string("type")) rope.erase("rope_type");
      rope[key.name] = kOdd;
      std::string refusal;
      try {
        EXPECT_EQ(read({{"rope_scaling", rope}}).remarks, std::vector<std::string>{}) << key.name;
      } catch (const ConfigError& error) {
        refusal = error.what();
      }
      EXPECT_EQ(key.fate != KeyFate::inert, names_it(refusal, key.name)) << key.name << ": " << refusal;
    }
  }
}

TEST_F(KeyFateTest, OfGenerationConfigIsWhatTheTableSays) {
  for (const KeyTable table : generation_keys()) {
    for (const KnownKey& key : table) {
      folder_.write();
      folder_.write_file("generation_config.json", Json{{key.name, kOdd}}.dump());
      if (key.fate == KeyFate::read) {
        EXPECT_THROW(read_llama_config(folder_.path()), ConfigError) << key.name;
        continue;
      }
      const std::vector<std::string> remarks = read_llama_config(folder_.path()).remarks;
      EXPECT_EQ(remarks.size(), key.fate == KeyFate::said ? 1u : 0u) << key.name;
      if (!remarks.empty()) {
        EXPECT_TRUE(names_it(remarks.front(), key.name)) << remarks.front();
      }
    }
  }
}

TEST_F(KeyFateTest, WhatIsNotKnownOrNotFollowedIsSaid) {
  folder_.write();
  folder_.edit_config([](Json& json) {
    json.update({{"swishiness", 3}, {"zeta", "a"}, {"nothing", nullptr}});
  });
  folder_.write_file("generation_config.json",
                     R"({"do_sample": true, "temperature": 0.6, "max_new_tokens": 2048, "eos_token_id": 3})");
  const std::string place = folder_.path().string();
  EXPECT_EQ(
      read_llama_config(folder_.path()).remarks,
      (std::vector<std::string>{
          place + "/generation_config.json: not followed: 'do_sample' is true, 'temperature' is 0.6 (how "
                  "tokens are drawn is set by [sampling])",
          place + "/generation_config.json: not followed: 'max_new_tokens' is 2048 (how long texts become "
                  "is set by [workload])",
          place + "/config.json: not known here, so not read: 'swishiness', 'zeta'"}));
}

TEST_F(KeyFateTest, QuantizedWeightsAreNamedByKind) {
  const auto refusal = [&](const Json& value) {
    return folder_.refusal_with([&](Json& json) { json["quantization_config"] = value; });
  };
  EXPECT_EQ(refusal({{"quant_method", "gptq"}, {"bits", 4}}),
            "config.json: 'quantization_config': the weights are quantized (GPTQ: matrices of 2 to 8 bits in "
            "groups), which cannot be read; take the model as it was before, in F32, F16 or BF16. On a GPU, "
            "precision = \"int8\" stores matrices in 8 bits when it is loaded");
  EXPECT_NE(refusal({{"quant_method", "awq"}}).find("(AWQ: "), std::string::npos);
  EXPECT_NE(refusal({{"quant_method", "fp8"}}).find("(FP8: "), std::string::npos);
  EXPECT_NE(refusal({{"load_in_4bit", true}}).find("(bitsandbytes: "), std::string::npos);
  EXPECT_NE(refusal({{"quant_method", "new"}}).find("('new')"), std::string::npos);
  EXPECT_NE(refusal(3).find("of a kind that it does not name"), std::string::npos);
  EXPECT_EQ(refusal(nullptr), "");
}

}  // namespace
}  // namespace speclab
