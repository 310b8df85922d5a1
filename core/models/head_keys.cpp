#include "core/models/head_keys.h"

#include <array>
#include <vector>

#include "core/models/llama_keys.h"

namespace speclab {
namespace {

using enum KeyFate;

constexpr const char* kNote = "a note on where the heads come from";
constexpr const char* kTargets = "it is the target's, whose own config.json says so";
constexpr const char* kServing = "how a server drafts; [topology] says that here";

// What both have, and what others write along of the model that the heads belong to.
constexpr KnownKey kBoth[] = {
    {"hidden_size", read, ""},
    {"vocab_size", read, ""},
    {"base_model_name_or_path", inert, kNote},
    {"base_model", inert, kNote},
    {"model_type", inert, kNote},
    {"architectures", inert, kNote},
    {"logit_scale", only, "logits that are scaled cannot be run; only 1 can", "[1]"},
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
    {"hidden_act", only, "the blocks have SiLU; only that can be run", R"(["silu", "swish"])"},
};

constexpr KnownKey kMedusa[] = {
    {"medusa_num_heads", read, ""},
    {"medusa_num_layers", read, ""},
    {"num_heads", read, ""},
    {"num_hidden_layers", read, ""},  // vLLM's name of medusa_num_layers
    {"truncated_vocab_size", read, ""},
    {"original_lm_head", read, ""},
    {"medusa_fc_bias", read, ""},
    {"medusa_choices", inert, kServing},
    {"medusa_lr_multiplier", inert, "of training alone"},
    {"medusa_heads_coefficient", inert, "of training alone"},
    {"medusa_decay_coefficient", inert, "of training alone"},
    {"medusa_scheduler", inert, "of training alone"},
    {"medusa_return", inert, "of training alone"},
    {"medusa_only_heads", inert, "of training alone"},
    {"max_paths", inert, kServing},
    {"topk", inert, kServing},
    {"max_seq_len", inert, kServing},
    {"version", inert, kNote},
};

constexpr KnownKey kHydra[] = {
    {"hydra_num_heads", read, ""},
    {"hydra_num_layers", read, ""},
    {"num_hidden_layers", inert, kTargets},
    {"hydra_head_arch", read, ""},
    {"grounded_heads", only, "only heads that read the drafted tokens can be run", "[true]"},
    {"hidden_state_offset", only, "only 0, the last layer, can be run", "[0]"},
    {"shared_lm_head", read, ""},
    {"dropout_rate", inert, "of training alone"},
    {"hydra_dropout", inert, "of training alone"},
    {"lm_loss_weight", inert, "of training alone"},
    {"teacher_loss_weight", inert, "of training alone"},
    {"hydra_choices", inert, kServing},
};

constexpr const char* kWhole =
    "the folder holds a whole model besides (Medusa-2 trains it along); save that as the target, and the "
    "heads in a folder of their own";

constexpr KnownTensor kMedusaTensors[] = {
    {"*token_map", TensorFate::refused, "heads on a part of the vocabulary cannot be run"},
    {"model.*", TensorFate::refused, kWhole},
    {"*.linear.*", TensorFate::refused, "'medusa_num_layers' may be too small, or a head between is missing"},
    {"*blocks.*", TensorFate::refused, "'num_hidden_layers' may be too small, or a head between is missing"},
    {"*lm_head*", TensorFate::refused,
     "outputs of heads and a shared output are both there, or there are more outputs than heads"},
};

constexpr KnownTensor kHydraTensors[] = {
    {"model.*", TensorFate::refused, kWhole},
    {"*prefix*", TensorFate::refused, "heads of kind prefix-mlp cannot be run"},
    {"*hydra_lm_head.*", TensorFate::refused, "there are more outputs than heads"},
    {"*hydra_mlp.*", TensorFate::refused,
     "'hydra_num_layers' may be too small, or a head between is missing"},
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
  static const std::array<TensorTable, 2> tables{TensorTable(kMedusaTensors), llama_unread_tensors()};
  return tables;
}

std::span<const TensorTable> hydra_unread_tensors() {
  static const std::array<TensorTable, 2> tables{TensorTable(kHydraTensors), llama_unread_tensors()};
  return tables;
}

}  // namespace speclab
