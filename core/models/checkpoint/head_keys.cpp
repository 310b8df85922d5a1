#include "core/models/checkpoint/head_keys.h"

#include <array>
#include <vector>

#include "core/models/checkpoint/llama_keys.h"

namespace speclab {
namespace {

using enum KeyFate;

constexpr const char* kNote = "a note on where the heads come from";
constexpr const char* kTargets = "it is the target's, whose own config.json says so";
constexpr const char* kServing = "how a server drafts; [topology] says that here";
constexpr const char* kTraining = "of training alone";

// Where names stem from:
//   [M]  FasterDecoding/Medusa medusa/model/medusa_model.py, medusa_model_new.py and medusa_model_legacy.py
//   [T]  what those who trained Medusa's heads with its fork of axolotl, or with ms-swift, had to set
//   [V]  vLLM models/medusa.py and transformers_utils/configs/medusa.py
//   [H]  zankner/Hydra hydra/model/hydra_model.py and hydra_heads/*.py
//   [L]  zankner/Hydra hydra/train/train.py
//   [S]  experiments/train of this project

// What both have, and what others write along of the model that the heads belong to.
constexpr KnownKey kBoth[] = {
    {"hidden_size", read, ""},                  // [M] [V]; of Hydra [S]
    {"vocab_size", read, ""},                   // likewise
    {"base_model_name_or_path", inert, kNote},  // [M] [H]
    {"base_model", inert, kNote},
    {"model_type", inert, kNote},
    {"architectures", inert, kNote},
    {"logit_scale", only, "logits that are scaled cannot be run; only 1 can", "[1]"},  // [V]
    {"quantization_config", only, "the weights are quantized, which cannot be read"},
    {"intermediate_size", inert, kTargets},
    {"num_attention_heads", inert, kTargets},
    {"num_key_value_heads", inert, kTargets},
    {"head_dim", inert, kTargets},
    {"max_position_embeddings", inert, kTargets},
    {"original_max_position_embeddings", inert, kTargets},
    {"rms_norm_eps", inert, kTargets},
    {"tie_word_embeddings", inert, kTargets},
    {"rope_theta", inert, kTargets},
    {"rope_scaling", inert, kTargets},
    {"rope_parameters", inert, kTargets},
    {"partial_rotary_factor", inert, kTargets},
    {"attention_bias", inert, kTargets},
    {"mlp_bias", inert, kTargets},
    {"sliding_window", inert, kTargets},
    {"use_sliding_window", inert, kTargets},
    {"max_window_layers", inert, kTargets},
    {"layer_types", inert, kTargets},
    {"eos_token_id", inert, kTargets},
    {"hidden_act", only, "the blocks have SiLU; only that can be run", R"(["silu", "swish"])"},
};

constexpr KnownKey kMedusa[] = {
    {"medusa_num_heads", read, ""},              // [M]
    {"medusa_num_layers", read, ""},             // [M]
    {"num_heads", read, ""},                     // [V]
    {"num_hidden_layers", read, ""},             // [V]: of medusa_num_layers
    {"truncated_vocab_size", read, ""},          // [V]
    {"original_lm_head", read, ""},              // [V]
    {"medusa_fc_bias", read, ""},                // [V]
    {"num_lookahead_tokens", inert, kServing},   // [V]
    {"max_paths", inert, kServing},              // [V]
    {"topk", inert, kServing},                   // [V]
    {"max_seq_len", inert, kServing},            // [V]
    {"medusa_choices", inert, kServing},         // [M], an argument
    {"version", inert, kNote},                   // [M], legacy: heads with blocks alone, as the tensors tell
    {"medusa_lr_multiplier", inert, kTraining},  // [T], as all below
    {"medusa_heads_coefficient", inert, kTraining},
    {"medusa_decay_coefficient", inert, kTraining},
    {"medusa_scheduler", inert, kTraining},
    {"medusa_logging", inert, kTraining},
    {"medusa_return", inert, kTraining},
    {"medusa_only_heads", inert, kTraining},
    {"medusa_distillation_regularization", inert, kTraining},
    {"medusa_self_distillation", inert, kTraining},
};

constexpr KnownKey kHydra[] = {
    {"hydra_num_heads", read, ""},                                                             // [H]
    {"hydra_num_layers", read, ""},                                                            // [H]
    {"hydra_head_arch", read, ""},                                                             // [H]
    {"grounded_heads", only, "only heads that read the drafted tokens can be run", "[true]"},  // [H]
    {"hidden_state_offset", only, "only 0, the last layer, can be run", "[0]"},                // [H]
    {"shared_lm_head", read, ""},                                                              // [S]
    {"num_hidden_layers", inert, kTargets},
    {"hydra_choices", inert, kServing},  // [H], an argument
    {"dropout_rate", inert, kTraining},  // [H], and [L] as all below
    {"noise_alpha", inert, kTraining},
    {"lm_loss_weight", inert, kTraining},
    {"teacher_loss_weight", inert, kTraining},
    {"reconstruction_loss_weight", inert, kTraining},
};

constexpr const char* kWhole =
    "the folder holds a whole model besides (Medusa-2 trains it along); save that as the target, and the "
    "heads in a folder of their own";

constexpr KnownTensor kMedusaTensors[] = {
    {"*token_map", TensorFate::refused, "heads on a part of the vocabulary cannot be run"},  // [V]
    {"model.*", TensorFate::refused, kWhole},                                                // [M], new
    {"*.linear.weight", TensorFate::refused,
     "'medusa_num_layers' may be too small, or a head between is missing"},  // [M]
    {"*.linear.bias", TensorFate::refused,
     "'medusa_num_layers' may be too small, or a head between is missing"},  // [M]
    {"*blocks.*.weight", TensorFate::refused,
     "'num_hidden_layers' may be too small, or a head between is missing"},  // [V]
    {"*blocks.*.bias", TensorFate::refused,
     "'num_hidden_layers' may be too small, or a head between is missing"},  // [V]
    {"*lm_head*", TensorFate::refused,
     "outputs of heads and a shared output are both there, or there are more outputs than heads"},  // [V]
};

constexpr const char* kCross = "heads of kind cross-attn cannot be run";
constexpr const char* kEagle =
    "heads of kind eagle-attn cannot be run (EAGLE's own heads can, with drafter.kind = 'eagle')";
constexpr KnownTensor kHydraTensors[] = {
    {"model.*", TensorFate::refused, kWhole},
    {"*prefix_embeding_layer.*", TensorFate::refused,
     "heads of kind prefix-mlp cannot be run"},                                      // [H], so spelt
    {"*cross_attn.*", TensorFate::refused, kCross},                                  // [H]
    {"*mlp.gate_proj.*", TensorFate::refused, kCross},                               // [H]
    {"*mlp.up_proj.*", TensorFate::refused, kCross},                                 // [H]
    {"*mlp.down_proj.*", TensorFate::refused, kCross},                               // [H]
    {"*layernorm.weight", TensorFate::refused, kCross},                              // [H]
    {"*attn.*", TensorFate::refused, kEagle},                                        // [H]
    {"*fc.*", TensorFate::refused, kEagle},                                          // [H]
    {"*hydra_lm_head.*", TensorFate::refused, "there are more outputs than heads"},  // [H]
    {"*hydra_mlp.*.weight", TensorFate::refused,
     "'hydra_num_layers' may be too small, or a head between is missing"},  // [H]
    {"*hydra_mlp.*.bias", TensorFate::refused,
     "'hydra_num_layers' may be too small, or a head between is missing"},  // [H]
    {"*lm_head.weight", TensorFate::refused,
     "an output for all heads is the target's, whose own folder has it"},  // [H]
};

std::vector<KeyTable> with_llama(std::vector<KeyTable> own) {
  own.insert(own.end(), llama_config_keys().begin(), llama_config_keys().end());
  return own;
}

}  // namespace

std::span<const KeyTable> medusa_keys() {
  static const std::vector<KeyTable> tables = with_llama({kMedusa, kBoth});
  return tables;
}

std::span<const KeyTable> hydra_keys() {
  static const std::vector<KeyTable> tables = with_llama({kHydra, kBoth});
  return tables;
}

std::span<const TensorTable> medusa_unread_tensors() {
  static const std::array<TensorTable, 3> tables{telling_tensors(), kMedusaTensors, llama_unread_tensors()};
  return tables;
}

std::span<const TensorTable> hydra_unread_tensors() {
  static const std::array<TensorTable, 3> tables{telling_tensors(), kHydraTensors, llama_unread_tensors()};
  return tables;
}

}  // namespace speclab
