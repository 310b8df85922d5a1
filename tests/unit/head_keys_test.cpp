// Every key and every tensor that the published code of Medusa, Hydra and EAGLE knows has a fate: read,
// refused by name, or without effect.
#include "core/models/checkpoint/head_keys.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "core/errors.h"
#include "core/models/checkpoint/eagle_keys.h"
#include "core/models/checkpoint/llama_keys.h"
#include "kernels/llama/eagle_weights.h"
#include "kernels/llama/head_weights.h"
#include "tests/support/tiny_heads.h"

namespace speclab {
namespace {

using nlohmann::json;
using Names = std::vector<const char*>;

// What one published source knows by name beside what models of the Llama family have; see eagle_keys.cpp and
// head_keys.cpp for the files.
struct Published {
  const char* source;
  Names read, refused, inert;
};

const std::vector<Published> kMedusa = {
    {"FasterDecoding/Medusa",
     {"medusa_num_heads", "medusa_num_layers", "hidden_size", "vocab_size"},
     {},
     {"base_model_name_or_path", "version", "medusa_choices"}},
    {"vLLM",
     {"num_heads", "num_hidden_layers", "truncated_vocab_size", "original_lm_head", "medusa_fc_bias",
      "hidden_size", "vocab_size"},
     {"logit_scale"},
     {"max_paths", "topk", "max_seq_len", "num_lookahead_tokens", "architectures", "model_type"}},
    {"forks of axolotl, ms-swift",
     {},
     {},
     {"medusa_lr_multiplier", "medusa_heads_coefficient", "medusa_decay_coefficient", "medusa_scheduler",
      "medusa_logging", "medusa_return", "medusa_only_heads", "medusa_distillation_regularization",
      "medusa_self_distillation"}}};

const std::vector<Published> kHydra = {
    {"zankner/Hydra, the model",
     {"hydra_num_heads", "hydra_num_layers", "hydra_head_arch"},
     {"grounded_heads", "hidden_state_offset"},
     {"base_model_name_or_path", "dropout_rate", "hydra_choices"}},
    {"zankner/Hydra, its training",
     {},
     {},
     {"noise_alpha", "lm_loss_weight", "teacher_loss_weight", "reconstruction_loss_weight"}},
    {"this project", {"shared_lm_head", "hidden_size", "vocab_size"}, {}, {}}};

// What either kind of heads on a target's rows may say of the target, or of files in general.
const std::vector<Published> kOfTarget = {{"transformers' LlamaConfig and Qwen2Config",
                                           {},
                                           {"quantization_config", "hidden_act", "logit_scale"},
                                           {"architectures",
                                            "model_type",
                                            "base_model",
                                            "intermediate_size",
                                            "num_attention_heads",
                                            "num_key_value_heads",
                                            "head_dim",
                                            "max_position_embeddings",
                                            "original_max_position_embeddings",
                                            "rms_norm_eps",
                                            "tie_word_embeddings",
                                            "rope_theta",
                                            "rope_scaling",
                                            "rope_parameters",
                                            "partial_rotary_factor",
                                            "attention_bias",
                                            "mlp_bias",
                                            "sliding_window",
                                            "use_sliding_window",
                                            "max_window_layers",
                                            "layer_types",
                                            "eos_token_id"}}};

const std::vector<Published> kEitherEagle = {
    {"SafeAILab/EAGLE", {"bias", "draft_vocab_size", "target_hidden_size"}, {}, {}},
    {"transformers' Qwen2Config", {}, {}, {"use_sliding_window", "max_window_layers"}},
    {"vLLM",
     {"truncated_vocab_size", "attention_bias", "eagle_config"},
     {"mlp_bias", "model", "parallel_drafting", "mask_token_id", "ptd_token_id", "pard_token", "is_causal"},
     {"num_lookahead_tokens", "target_layer_count"}},
    {"SGLang", {"tie_word_embeddings", "target_hidden_size", "bias"}, {}, {}},
    {"SpecForge", {"target_hidden_size"}, {"target_layer_ids"}, {"ttt_length"}},
    {"TensorRT-LLM", {}, {"eh_proj_before_attn"}, {"eh_proj_bias", "next_layer_regular"}},
    {"Model-Optimizer",
     {},
     {"use_mtp_layernorm", "parallel_draft_step", "has_lm_head"},
     {"parallel_draft_heads_num_layers"}},
    {"speculators",
     {},
     {"speculators_model_type", "speculators_config", "transformer_layer_config",
      "transformer_layer_architecture", "fusion_bias", "layernorms", "dflash_config", "target_layer_ids"},
     {"speculators_version", "embed_requires_grad", "ttt_steps"}},
    {"AngelSlim", {}, {}, {"target_model_type", "modal_type"}},
    {"this project", {}, {}, {"tie_target_embeddings", "base_model_name_or_path"}}};

const std::vector<Published> kFirstEagle = {
    {"SafeAILab/EAGLE eagle/model/cnets1.py", {"qkv_bias"}, {}, {}},
    {"vLLM models/eagle.py", {"eagle_fc_bias"}, {"add_para_norm", "skip_prenorm", "skip_output_norm"}, {}},
    {"SGLang models/llama_eagle.py", {}, {"hot_vocab_size"}, {}}};

const std::vector<Published> kThirdEagle = {
    {"vLLM models/llama_eagle3.py",
     {"eagle_aux_hidden_state_layer_ids"},
     {"use_aux_hidden_state", "norm_before_residual", "norm_before_fc", "norm_output"},
     {}},
    {"SGLang models/llama_eagle3.py",
     {"num_aux_hidden_states"},
     {"fc_norm", "use_aux_norm", "norm_output"},
     {}},
    {"TensorRT-LLM", {}, {"return_hidden_post_norm"}, {}},
    {"Model-Optimizer", {}, {"use_input_layernorm_in_first_layer", "use_last_layernorm"}, {}},
    {"speculators", {"aux_hidden_state_layer_ids"}, {}, {}}};

using Fates = std::map<std::string, KeyFate>;

void add(Fates& fates, const std::vector<Published>& all) {
  for (const Published& one : all) {
    for (const char* name : one.read) fates[name] = KeyFate::read;
    for (const char* name : one.refused) fates[name] = KeyFate::only;
    for (const char* name : one.inert) fates[name] = KeyFate::inert;
  }
}

// The other kind's keys, none of which is read.
void add_refused(Fates& fates, const std::vector<Published>& all) {
  Fates other;
  add(other, all);
  for (const auto& [name, _] : other) fates[name] = KeyFate::only;
}

// A table's own entries, without those of models of the Llama family.
Fates own_fates(std::span<const KeyTable> tables) {
  Fates fates;
  for (const KeyTable table : tables.first(tables.size() - llama_config_keys().size())) {
    for (const KnownKey& key : table) fates.try_emplace(key.name, key.fate);
  }
  return fates;
}

Fates medusa_fates() {
  Fates fates;
  add(fates, kOfTarget);
  add(fates, kMedusa);
  return fates;
}
Fates hydra_fates() {
  Fates fates;
  add(fates, kOfTarget);
  fates["num_hidden_layers"] = KeyFate::inert;
  add(fates, kHydra);
  return fates;
}
Fates eagle_fates(EagleKind kind) {
  Fates fates;
  const bool first = kind == EagleKind::first;
  add(fates, kEitherEagle);
  add(fates, first ? kFirstEagle : kThirdEagle);
  add_refused(fates, first ? kThirdEagle : kFirstEagle);
  return fates;
}

TEST(HeadKeysTest, TablesHoldWhatIsPublishedAndNothingElse) {
  EXPECT_EQ(own_fates(medusa_keys()), medusa_fates());
  EXPECT_EQ(own_fates(hydra_keys()), hydra_fates());
  for (const EagleKind kind : {EagleKind::first, EagleKind::third})
    EXPECT_EQ(own_fates(eagle_keys(kind)), eagle_fates(kind));
}

TEST(HeadKeysTest, TablesSayWhy) {
  for (const auto tables :
       {medusa_keys(), hydra_keys(), eagle_keys(EagleKind::first), eagle_keys(EagleKind::third),
        nested_eagle_keys(EagleKind::first), nested_eagle_keys(EagleKind::third)}) {
    for (const KeyTable table : tables) {
      std::set<std::string> names;
      for (const KnownKey& key : table) {
        EXPECT_TRUE(names.insert(key.name).second) << key.name;
        EXPECT_EQ(key.fate == KeyFate::read, std::string(key.why).empty()) << key.name;
        EXPECT_TRUE(json::parse(key.values).is_array()) << key.name;
      }
    }
  }
}

// A value that no key can have, so that its reader must say so.
const json kOdd = json::array({{{"odd", 1}}});

bool names_it(const std::string& text, const std::string& key) {
  return text.find("'" + key + "'") != std::string::npos;
}

class HeadKeyFate : public testing::Test {
 protected:
  HeadKeyFate() {
    config_.layers = 5;
    target_ = random_weights(config_, Dtype::f32, 3);
  }
  // The remarks of a load, or its refusal.
  struct Said {
    std::vector<std::string> remarks;
    std::string refusal;
  };
  using Load = std::function<std::vector<std::string>()>;
  Said load(const json& config, const Load& load) {
    std::ofstream(folder_.path() / "config.json") << config.dump();
    try {
      return {load(), ""};
    } catch (const ConfigError& error) {
      return {{}, error.what()};
    }
  }
  // `absent`: by a key, those that make it count only where they are not there.
  void expect_fates(const TinyHeads& heads, std::span<const KeyTable> tables, const Load& reads,
                    const std::map<std::string, std::string>& absent = {}) {
    heads.write(folder_.path());
    json base = heads.config;
    base["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8},
                            {"low_freq_factor", 1},
                            {"high_freq_factor", 4},
                            {"original_max_position_embeddings", 64}};
    ASSERT_EQ(load(base, reads).refusal, "");
    std::set<std::string> done;
    for (const KeyTable table : tables) {
      for (const KnownKey& key : table) {
        if (!done.insert(key.name).second) continue;
        json config = base;
        if (const auto other = absent.find(key.name); other != absent.end()) config.erase(other->second);
        config[key.name] = kOdd;
        const auto [remarks, refusal] = load(config, reads);
        const bool refused = key.fate == KeyFate::read || key.fate == KeyFate::only;
        EXPECT_EQ(refused, names_it(refusal, key.name)) << key.name << ": " << refusal;
        EXPECT_EQ(refused, !refusal.empty()) << key.name << ": " << refusal;
        EXPECT_EQ(key.fate == KeyFate::said, remarks.size() == 1 && names_it(remarks[0], key.name))
            << key.name;
        if (key.fate == KeyFate::inert) {
          EXPECT_EQ(remarks, std::vector<std::string>{}) << key.name;
        }
        for (const json& harmless : json::parse(key.values)) {
          config[key.name] = harmless;
          const Said said = load(config, reads);
          EXPECT_EQ(said.refusal, "") << key.name << " " << harmless;
          EXPECT_EQ(said.remarks, std::vector<std::string>{}) << key.name << " " << harmless;
        }
      }
    }
  }

  TemporaryDirectory folder_;
  LlamaConfig config_ = tiny_config("LlamaForCausalLM");
  LlamaWeights target_;
};

TEST_F(HeadKeyFate, OfMedusaIsWhatTheTableSays) {
  expect_fates(tiny_medusa(config_, Dtype::f32, 2, 1), medusa_keys(),
               [&] { return load_medusa(folder_.path(), target_).remarks; },
               {{"num_heads", "medusa_num_heads"}, {"num_hidden_layers", "medusa_num_layers"}});
}

TEST_F(HeadKeyFate, OfHydraIsWhatTheTableSays) {
  expect_fates(tiny_hydra(config_, Dtype::f32, 2, 1), hydra_keys(),
               [&] { return load_hydra(folder_.path(), target_).remarks; });
}

TEST_F(HeadKeyFate, OfEagle1IsWhatTheTableSays) {
  expect_fates(tiny_eagle(config_, Dtype::f32), eagle_keys(EagleKind::first),
               [&] { return load_eagle(folder_.path(), target_).config.remarks; });
}

TEST_F(HeadKeyFate, OfEagle3IsWhatTheTableSays) {
  expect_fates(tiny_eagle3(config_, Dtype::f32, 31), eagle_keys(EagleKind::third),
               [&] { return load_eagle(folder_.path(), target_).config.remarks; });
}

TEST_F(HeadKeyFate, WithinEagleConfigIsWhatTheTableSays) {
  for (const EagleKind kind : {EagleKind::first, EagleKind::third}) {
    const TinyHeads heads =
        kind == EagleKind::first ? tiny_eagle(config_, Dtype::f32) : tiny_eagle3(config_, Dtype::f32, 31);
    heads.write(folder_.path());
    for (const KeyTable table : nested_eagle_keys(kind)) {
      for (const KnownKey& key : table) {
        json config = heads.config;
        config["eagle_config"] = {{key.name, kOdd}};
        const auto [remarks, refusal] =
            load(config, [&] { return load_eagle(folder_.path(), target_).config.remarks; });
        EXPECT_EQ(key.fate != KeyFate::inert, names_it(refusal, key.name)) << key.name << ": " << refusal;
        EXPECT_EQ(remarks, std::vector<std::string>{}) << key.name;
      }
    }
  }
}

TEST_F(HeadKeyFate, AKeyOfTheOtherEagleIsRefusedByName) {
  const auto refusal = [&](const TinyHeads& heads, const char* key, const json& value) {
    heads.write(folder_.path());
    json config = heads.config;
    config[key] = value;
    return load(config, [&] { return load_eagle(folder_.path(), target_).config.remarks; }).refusal;
  };
  const TinyHeads first = tiny_eagle(config_, Dtype::f32), third = tiny_eagle3(config_, Dtype::f32, 31);
  EXPECT_NE(refusal(first, "eagle_aux_hidden_state_layer_ids", {2, 3, 4}).find("it is EAGLE-3's"),
            std::string::npos);
  EXPECT_NE(refusal(first, "norm_output", true).find("it is EAGLE-3's"), std::string::npos);
  EXPECT_NE(refusal(first, "draft_vocab_size", 31).find("are EAGLE-3's"), std::string::npos);
  EXPECT_EQ(refusal(first, "draft_vocab_size", 67), "");
  EXPECT_NE(refusal(third, "qkv_bias", true).find("it is EAGLE-1's"), std::string::npos);
  EXPECT_NE(refusal(third, "eagle_fc_bias", true).find("it is EAGLE-1's"), std::string::npos);
  EXPECT_NE(refusal(first, "eagle_fc_bias", false).find("but tensor 'fc.bias' is there"), std::string::npos);
}

TEST_F(HeadKeyFate, TwoNamesOfOneNumberMustAgree) {
  const TinyHeads heads = tiny_medusa(config_, Dtype::f32, 2, 1);
  heads.write(folder_.path());
  json config = heads.config;
  const auto refusal = [&] {
    return load(config, [&] { return load_medusa(folder_.path(), target_).remarks; }).refusal;
  };
  config["num_heads"] = 2;
  EXPECT_EQ(refusal(), "");
  config["num_heads"] = 3;
  EXPECT_NE(refusal().find("'num_heads' is 3, but 'medusa_num_heads' is 2; they must say the same"),
            std::string::npos);
}

// Names of parameters that the published classes have beyond those of a head that can be run, and what is
// said.
struct OddTensor {
  const char *name, *cause;
};
const std::vector<OddTensor> kMedusaTensors = {
    {"token_map", "part of the vocabulary"},          {"model.layers.0.mlp.up_proj.weight", "a whole model"},
    {"0.1.linear.weight", "medusa_num_layers"},       {"blocks.0.layers.1.weight", "num_hidden_layers"},
    {"lm_heads.2.weight", "more outputs than heads"}, {"base_model.model.norm.weight", "does not read"}};
const std::vector<OddTensor> kHydraTensors = {
    {"prefix_embeding_layer.layers.0.self_attn.q_proj.weight", "prefix-mlp"},
    {"prefix_embeding_layer.embed_tokens.weight", "prefix-mlp"},
    {"prefix_embeding_layer.norm.weight", "prefix-mlp"},
    {"cross_attn.q_proj.weight", "cross-attn"},
    {"mlp.gate_proj.weight", "cross-attn"},
    {"input_layernorm.weight", "cross-attn"},
    {"post_attention_layernorm.weight", "cross-attn"},
    {"attn.self_attn.q_proj.weight", "eagle-attn"},
    {"fc.weight", "eagle-attn"},
    {"hydra_mlp.0.1.linear.weight", "hydra_num_layers"},
    {"lm_head.weight", "the target's"},
    {"model.norm.weight", "a whole model"}};
const std::vector<OddTensor> kFirstTensors = {
    {"layers.0.self_attn.q_proj.bias", "qkv_bias"},
    {"layers.0.self_attn.o_proj.bias", "attention output"},
    {"layers.0.input_layernorm.weight", "does not norm what it reads"},
    {"layers.1.mlp.up_proj.weight", "more than one layer"},
    {"norm.weight", "does not norm before its output"},
    {"enorm.weight", "embeddings that are normed"},
    {"hnorm.weight", "features that are normed"},
    {"embedding_layernorm.weight", "embeddings that are normed"},
    {"hidden_states_layernorm.weight", "features that are normed"},
    {"fusion_fc.weight", "speculators"},
    {"transformer.self_attn.q_proj.weight", "speculators"},
    {"pre_lm_head_layernorm.weight", "speculators"},
    {"token_map", "'d2t'"},
    {"d2t", "EAGLE-1 has no map"},
    {"t2d", "EAGLE-1 has no map"},
    {"layers.0.mlp.up_proj.bias", "mlp"},
    {"layers.1.self_attn.q_proj.bias", "; heads of more than one layer"},
    {"model.layers.1.input_layernorm.weight", "; heads of more than one layer"},
    {"dummy", "does not read"}};
const std::vector<OddTensor> kThirdTensors = {
    {"fc.bias2", "does not read"},
    {"fc_norm.0.weight", "normed before 'fc'"},
    {"aux_norm_low.weight", "normed before 'fc'"},
    {"input_norm.weight", "normed before 'fc'"},
    {"mask_hidden", "several tokens"},
    {"parallel_draft_heads.0.medusa_layers.0.linear.weight", "several tokens"},
    {"eh_proj.weight", "second product"},
    {"enorm.weight", "embeddings that are normed"},
    {"verifier_norm.weight", "the target's"},
    {"verifier_lm_head.weight", "the target's"},
    {"midlayer.self_attn.k_proj.bias", "attention_bias"},
    {"midlayer.self_attn.o_proj.bias", "attention output"},
    {"midlayer.self_attn.q_norm.weight", "queries or keys are normed"},
    {"additional_layers.0.mlp.up_proj.weight", "more than one layer"},
    {"layers.1.mlp.up_proj.weight", "more than one layer"},
    {"layers.1.self_attn.q_norm.weight", "; heads of more than one layer"},
    {"t2d2", "does not read"}};

TEST_F(HeadKeyFate, EveryPublishedTensorIsReadOrRefusedWithACause) {
  const auto expect = [&](const TinyHeads& heads, const std::vector<OddTensor>& odd, const Load& reads) {
    for (const auto& [name, cause] : odd) {
      TinyHeads more = heads;
      more.tensors.push_back(random_tensor(name, Dtype::f32, {44}, 1));
      more.write(folder_.path());
      const std::string refusal = load(more.config, reads).refusal;
      EXPECT_TRUE(names_it(refusal, name)) << name << ": " << refusal;
      EXPECT_NE(refusal.find(cause), std::string::npos) << name << ": " << refusal;
    }
  };
  const Load medusa = [&] { return load_medusa(folder_.path(), target_).remarks; },
             hydra = [&] { return load_hydra(folder_.path(), target_).remarks; },
             eagle = [&] { return load_eagle(folder_.path(), target_).config.remarks; };
  expect(tiny_medusa(config_, Dtype::f32, 2, 1), kMedusaTensors, medusa);
  expect(tiny_hydra(config_, Dtype::f32, 2, 1), kHydraTensors, hydra);
  expect(tiny_eagle(config_, Dtype::f32), kFirstTensors, eagle);
  expect(tiny_eagle3(config_, Dtype::f32, 31), kThirdTensors, eagle);
}

// What a name says in a folder of any kind comes before what it would say in this one.
TEST_F(HeadKeyFate, AdaptersQuantizedWeightsAndInertTensorsAreKnownInEveryFolder) {
  const Load medusa = [&] { return load_medusa(folder_.path(), target_).remarks; },
             hydra = [&] { return load_hydra(folder_.path(), target_).remarks; },
             eagle = [&] { return load_eagle(folder_.path(), target_).config.remarks; };
  struct Kind {
    TinyHeads heads;
    std::vector<std::string> modules;
    const Load& reads;
  };
  const std::vector<Kind> kinds = {
      {tiny_medusa(config_, Dtype::f32, 2, 1),
       {"0.0.linear", "medusa_heads.blocks.0.layers.0", "lm_head", "model.layers.0.self_attn"},
       medusa},
      {tiny_hydra(config_, Dtype::f32, 2, 1),
       {"hydra_mlp.0.0.linear", "hydra_lm_head.0", "model.layers.0.self_attn", "attn.self_attn", "lm_head"},
       hydra},
      {tiny_eagle(config_, Dtype::f32),
       {"fc", "layers.0.self_attn", "layers.0.self_attn.q_proj", "layers.1.self_attn.o_proj", "lm_head"},
       eagle},
      {tiny_eagle3(config_, Dtype::f32, 31),
       {"fc", "midlayer.self_attn", "midlayer.self_attn.q_proj", "layers.1.mlp.up_proj",
        "layers.0.self_attn"},
       eagle}};
  const std::vector<std::pair<std::string, std::string>> causes = {
      {"qweight", "the weights are quantized (GPTQ or AWQ)"},
      {"scales", "the weights are quantized (GPTQ or AWQ)"},
      {"lora_A.weight", "they are an adapter's (LoRA), which has to be merged into the weights first"},
      {"weight_scale", "the weights are quantized (FP8 or the like)"},
      {"weight_packed", "the weights are quantized (compressed-tensors)"}};
  for (const auto& [heads, modules, reads] : kinds) {
    for (const std::string& module : modules) {
      const auto refusal = [&](const std::string& name) {
        TinyHeads more = heads;
        more.tensors.push_back(random_tensor(name, Dtype::f32, {44}, 1));
        more.write(folder_.path());
        return load(more.config, reads).refusal;
      };
      for (const char* inert : {".rotary_emb.inv_freq", ".rotary_emb.cos_cached"})
        EXPECT_EQ(refusal(module + inert), "") << module;
      for (const auto& [end, cause] : causes) {
        const std::string name = module + "." + end, said = refusal(name);
        EXPECT_NE(said.find("'" + name + "'; " + cause), std::string::npos) << name << ": " << said;
        EXPECT_EQ(said.find("every"), std::string::npos) << said;
      }
    }
  }
}

}  // namespace
}  // namespace speclab
