#include "core/models/eagle_keys.h"

#include <array>
#include <vector>

#include "core/models/llama_keys.h"

namespace speclab {
namespace {

using enum KeyFate;

// At the top level or in `eagle_config`, as tools differ.
constexpr KnownKey kEagle[] = {
    {"eagle_aux_hidden_state_layer_ids", read, ""},
    {"aux_hidden_state_layer_ids", read, ""},
    {"num_aux_hidden_states", read, ""},
    {"draft_vocab_size", read, ""},
    {"target_hidden_size", read, ""},
    {"use_aux_hidden_state", only,
     "a head on the last hidden row, without 'fc', cannot be run; only true can be (EAGLE-1 has 'fc')",
     "[true]"},
    {"target_layer_ids", only,
     "it is DFlash's; EAGLE-3's layers are 'eagle_aux_hidden_state_layer_ids', which counts otherwise"},
    {"norm_before_residual", only,
     "a residual stream that starts from the normed state cannot be run; only false can", "[false]"},
    {"norm_before_fc", only, "features that are normed before 'fc' cannot be run; only false can", "[false]"},
    {"fc_norm", only, "features that are normed before 'fc' cannot be run; only false can", "[false]"},
    {"norm_output", only, "a state that is normed before the next token reads it cannot be run", "[false]"},
    {"use_input_layernorm_in_first_layer", only, "EAGLE-3's layer norms what it reads; only true can be run",
     "[true]"},
    {"use_last_layernorm", only, "EAGLE-3 norms before its output; only true can be run", "[true]"},
    {"use_mtp_layernorm", only, "norms of multi-token prediction cannot be run; only false can", "[false]"},
    {"parallel_drafting", only, "heads that guess several tokens in a pass (P-EAGLE) cannot be run",
     "[false]"},
    {"parallel_draft_step", only, "heads that guess several tokens in a pass cannot be run; only 1 can",
     "[1]"},
    {"mask_token_id", only, "heads that guess several tokens in a pass (P-EAGLE) cannot be run"},
    {"ptd_token_id", only, "heads that guess several tokens in a pass (P-EAGLE) cannot be run"},
    {"pard_token", only, "heads that guess several tokens in a pass (PARD) cannot be run"},
    {"dflash_config", only, "it belongs to DFlash, which cannot be run"},
    {"has_lm_head", only, "a head without an output cannot be run", "[true]"},
};

constexpr const char* kNote = "a note on where the head comes from";
constexpr const char* kSpeculators =
    "the folder is as vllm-project/speculators saves it, which cannot be read; save the head as "
    "SafeAILab/EAGLE does, with the keys of 'transformer_layer_config' at the top level";
constexpr KnownKey kTopLevel[] = {
    {"eagle_config", read, ""},
    {"bias", read, ""},
    {"qkv_bias", read, ""},
    {"truncated_vocab_size", read, ""},
    {"attention_bias", read, ""},
    {"tie_word_embeddings", read, ""},
    {"speculators_model_type", only, kSpeculators},
    {"speculators_config", only, kSpeculators},
    {"transformer_layer_config", only, kSpeculators},
    {"model", only, "a config within the config, as vLLM's old converter made it, cannot be read"},
    {"fusion_bias", only, kSpeculators},
    {"layernorms", only, kSpeculators},
    {"speculators_version", inert, kNote},
    {"tie_target_embeddings", inert, "the folder holds embeddings or it does not"},
    {"embed_requires_grad", inert, "of training alone"},
    {"base_model_name_or_path", inert, kNote},
    {"target_model_type", inert, kNote},
    {"modal_type", inert, kNote},
    {"ttt_length", inert, "of training alone"},
    {"ttt_steps", inert, "of training alone"},
};

// Within `eagle_config`, as NVIDIA's Model-Optimizer saves it: the layer's shape again.
constexpr KnownKey kNested[] = {
    {"has_own_embed_tokens", inert, "the folder holds embeddings or it does not"},
};

constexpr KnownTensor kUnread[] = {
    {"*fc_norm.*", TensorFate::refused,
     "features that are normed before 'fc' (fc_norm of EAGLE 3.1) cannot be run"},
    {"*input_norm.weight", TensorFate::refused,
     "features that are normed before 'fc' (norm_before_fc of EAGLE 3.1) cannot be run"},
    {"*mask_hidden", TensorFate::refused,
     "heads that guess several tokens in a pass (P-EAGLE) cannot be run"},
    {"*token_map", TensorFate::refused, "outputs for a part of the vocabulary are read from 'd2t'"},
    {"*enorm.weight", TensorFate::refused, "they are of multi-token prediction (DeepSeek), another method"},
    {"*hnorm.weight", TensorFate::refused, "they are of multi-token prediction (DeepSeek), another method"},
    {"*eh_proj.weight", TensorFate::refused, "they are of multi-token prediction (DeepSeek), another method"},
    {"*self_attn.o_proj.bias", TensorFate::refused, "an attention output with a bias cannot be run"},
    {"*self_attn.*_proj.bias", TensorFate::refused,
     "queries, keys and values have biases only where 'qkv_bias' or 'attention_bias' is true"},
    {"*self_attn.*_norm.weight", TensorFate::refused, "heads whose queries or keys are normed cannot be run"},
    {"*fc.bias", TensorFate::refused, "'bias' is false"},
    {"*input_layernorm.weight", TensorFate::refused, "EAGLE-1's first layer does not norm what it reads"},
    {"d2t", TensorFate::refused,
     "'draft_vocab_size' is the target's whole vocabulary, or EAGLE-1 has no map"},
    {"t2d", TensorFate::refused, "it comes without 'd2t'"},
    {"norm.weight", TensorFate::refused, "EAGLE-1 does not norm before its output"},
    {"*additional_layers.*", TensorFate::refused, "heads of more than one layer cannot be run"},
    {"*layers.*", TensorFate::refused, "heads of more than one layer cannot be run"},
};

}  // namespace

std::span<const KeyTable> eagle_keys() {
  static const std::vector<KeyTable> tables = [] {
    std::vector<KeyTable> all{kEagle, kTopLevel};
    all.insert(all.end(), llama_config_keys().begin(), llama_config_keys().end());
    return all;
  }();
  return tables;
}

std::span<const KeyTable> nested_eagle_keys() {
  static constexpr std::array<KeyTable, 2> tables{KeyTable(kEagle), KeyTable(kNested)};
  return tables;
}

std::span<const TensorTable> eagle_unread_tensors() {
  static const std::array<TensorTable, 2> tables{TensorTable(kUnread), llama_unread_tensors()};
  return tables;
}

}  // namespace speclab
