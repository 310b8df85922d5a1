#include "core/models/checkpoint/eagle_keys.h"

#include <array>
#include <vector>

#include "core/models/checkpoint/llama_keys.h"

namespace speclab {
namespace {

using enum KeyFate;

// Where names stem from:
//   [E1]  SafeAILab/EAGLE eagle/model/cnets1.py, configs.py and ea_model.py
//   [E3]  SafeAILab/EAGLE eagle/model/cnets.py and eagle/traineagle3/cnets.py, config.json
//   [V1]  vLLM models/eagle.py, llama_eagle.py and transformers_utils/configs/eagle.py
//   [V3]  vLLM models/llama_eagle3.py
//   [S1]  SGLang models/llama_eagle.py       [S3]  SGLang models/llama_eagle3.py
//   [F]   SpecForge modeling/draft/llama3_eagle.py
//   [T]   TensorRT-LLM _torch/models/modeling_speculative.py
//   [M]   Model-Optimizer export/plugins/hf_spec_export.py and its plugins for Megatron
//   [P]   vllm-project/speculators models/eagle.py, models/eagle3/config.py and core.py
//   [A]   AngelSlim compressor/speculative/train and its configs

// Either kind, at the top level or in `eagle_config`, as tools differ.
constexpr KnownKey kEither[] = {
    {"draft_vocab_size", read, ""},    // [E3] [V3] [S3] [T] [P]; EAGLE-1 has outputs for the whole vocabulary
    {"target_hidden_size", read, ""},  // [E3] [V3] [S3] [F] [T] [P]
    {"target_layer_ids", only,         // DFlash of [P] and SpecForge
     "it is DFlash's; EAGLE-3's layers are 'eagle_aux_hidden_state_layer_ids', which counts otherwise"},
    {"use_mtp_layernorm", only, "norms of multi-token prediction cannot be run; only false can",
     "[false]"},  // [M]
    {"parallel_drafting", only, "heads that guess several tokens in a pass (P-EAGLE) cannot be run",
     "[false]"},  // [V3]
    {"parallel_draft_step", only, "heads that guess several tokens in a pass cannot be run; only 1 can",
     "[1]"},  // [M]
    {"parallel_draft_heads_num_layers", inert,
     "'parallel_draft_step' says whether there are such heads"},                                   // [M]
    {"mask_token_id", only, "heads that guess several tokens in a pass (P-EAGLE) cannot be run"},  // [V3]
    {"ptd_token_id", only, "heads that guess several tokens in a pass (P-EAGLE) cannot be run"},   // [V3]
    {"pard_token", only, "heads that guess several tokens in a pass (PARD) cannot be run"},        // [V3]
    {"dflash_config", only, "it belongs to DFlash, which cannot be run"},                          // [P]
    {"eh_proj_before_attn", only, "a second product before the layer cannot be run", "[false]"},   // [T]
    {"eh_proj_bias", inert, "'eh_proj_before_attn' says whether there is such a product"},         // [T]
    {"next_layer_regular", inert, "of layers after the first, and a head has one"},                // [T] [M]
    {"has_lm_head", only, "a head without an output cannot be run", "[true]"},                     // [M]
};

// What EAGLE-3 alone has, in either place; likewise.
constexpr KnownKey kThird[] = {
    {"eagle_aux_hidden_state_layer_ids", read, ""},  // [V3] [S3] [F] [T] [M] [P]
    {"aux_hidden_state_layer_ids", read, ""},        // [P], where it is DSpark's; the same layers
    {"num_aux_hidden_states", read, ""},             // [S3] [F]
    {"use_aux_hidden_state", only,                   // [V3] [M]
     "a head on the last hidden row, without 'fc', cannot be run; only true can be (EAGLE-1 has 'fc')",
     "[true]"},
    {"norm_before_residual", only,  // [V3] [P]
     "a residual stream that starts from the normed state cannot be run; only false can", "[false]"},
    {"norm_before_fc", only, "features that are normed before 'fc' cannot be run; only false can",
     "[false]"},  // [V3] [T] [P]
    {"fc_norm", only, "features that are normed before 'fc' cannot be run; only false can",
     "[false]"},  // [S3] [F] [T]
    {"use_aux_norm", only, "features that are normed before 'fc' cannot be run; only false can",
     "[false]"},  // [S3]: fc_norm of before
    {"norm_output", only, "a state that is normed before the next token reads it cannot be run",
     "[false]"},  // [V3] [S3] [P]
    {"return_hidden_post_norm", only, "a state that is normed before the next token reads it cannot be run",
     "[false]"},  // [T]
    {"use_input_layernorm_in_first_layer", only, "EAGLE-3's layer norms what it reads; only true can be run",
     "[true]"},                                                                                       // [M]
    {"use_last_layernorm", only, "EAGLE-3 norms before its output; only true can be run", "[true]"},  // [M]
};

// The same keys beside a head of EAGLE-1: refused, but where they say what EAGLE-1 does.
constexpr const char* kThirds =
    "it is EAGLE-3's, and this head is EAGLE-1's: its layer has no 'hidden_norm.weight'";
constexpr KnownKey kThirdBesideFirst[] = {
    {"eagle_aux_hidden_state_layer_ids", only, kThirds, "[[]]"},
    {"aux_hidden_state_layer_ids", only, kThirds, "[[]]"},
    {"num_aux_hidden_states", only, kThirds},
    {"use_aux_hidden_state", only, kThirds, "[false]"},
    {"norm_before_residual", only, kThirds, "[false]"},
    {"norm_before_fc", only, kThirds, "[false]"},
    {"fc_norm", only, kThirds, "[false]"},
    {"use_aux_norm", only, kThirds, "[false]"},
    {"norm_output", only, kThirds, "[false]"},
    {"return_hidden_post_norm", only, kThirds, "[false]"},
    {"use_input_layernorm_in_first_layer", only,
     "EAGLE-1's layer does not norm what it reads; only false can", "[false]"},
    {"use_last_layernorm", only, "EAGLE-1 does not norm before its output; only false can be run", "[false]"},
};

// What EAGLE-1 alone has, and the same keys beside a head of EAGLE-3.
constexpr KnownKey kFirst[] = {
    {"qkv_bias", read, ""},       // [E1]
    {"eagle_fc_bias", read, ""},  // [V1]: `bias` by another name
    {"add_para_norm", only, "rows that are normed before 'fc' (HASS) cannot be run; only false can",
     "[false]"},  // [V1]
    {"skip_prenorm", only, "EAGLE-1's layer does not norm what it reads; only true can be run",
     "[true]"},  // [V1]
    {"skip_output_norm", only, "EAGLE-1 does not norm before its output; only true can be run",
     "[true]"},                                                                                   // [V1]
    {"hot_vocab_size", only, "an output for a part of the vocabulary is EAGLE-3's, with 'd2t'"},  // [S1]
};
constexpr const char* kFirsts =
    "it is EAGLE-1's, and this head is EAGLE-3's: its layer has 'hidden_norm.weight'";
constexpr KnownKey kFirstBesideThird[] = {
    {"qkv_bias", only, "it is EAGLE-1's; biases of EAGLE-3 are told by 'attention_bias'", "[false]"},
    {"eagle_fc_bias", only, kFirsts, "[false]"},
    {"add_para_norm", only, kFirsts, "[false]"},
    {"skip_prenorm", only, kFirsts, "[false]"},
    {"skip_output_norm", only, kFirsts, "[false]"},
    {"hot_vocab_size", only, kFirsts},
};

constexpr const char* kNote = "a note on where the head comes from";
constexpr const char* kServing = "how a server drafts; [topology] says that here";
constexpr const char* kSpeculators =
    "the folder is as vllm-project/speculators saves it, which cannot be read; save the head as "
    "SafeAILab/EAGLE does, with the keys of 'transformer_layer_config' at the top level";
constexpr KnownKey kTopLevel[] = {
    {"eagle_config", read, ""},                              // [V3] [S3] [F] [T] [M]
    {"bias", read, ""},                                      // [E1] [V1] [S3] [T]
    {"attention_bias", read, ""},                            // [V1] [V3]
    {"truncated_vocab_size", read, ""},                      // [V1]
    {"tie_word_embeddings", read, ""},                       // [S1] [S3]
    {"speculators_model_type", only, kSpeculators},          // [P]
    {"speculators_config", only, kSpeculators},              // [P]
    {"transformer_layer_config", only, kSpeculators},        // [P]
    {"transformer_layer_architecture", only, kSpeculators},  // [P]
    {"fusion_bias", only, kSpeculators},                     // [P]
    {"layernorms", only, kSpeculators},                      // [P]
    {"speculators_version", inert, kNote},                   // [P]
    {"embed_requires_grad", inert, "of training alone"},     // [P]
    {"model", only, "a config within the config, as vLLM's old converter made it, cannot be read"},  // [V1]
    {"is_causal", only, "a head that sees what follows cannot be run; only true can", "[true]"},     // [V3]
    {"target_layer_count", inert, "the target says so itself"},                                      // [V3]
    {"mlp_bias", only, "a head's feed-forward part with biases cannot be run; only false can",
     "[false]"},  // [V1] [V3] [T]
    {"use_sliding_window", inert, "of Qwen's architectures, which a head's layer is none of"},
    {"max_window_layers", inert, "of Qwen's architectures, which a head's layer is none of"},
    {"num_lookahead_tokens", inert, kServing},                                       // [V1]
    {"tie_target_embeddings", inert, "the folder holds embeddings or it does not"},  // experiments/train
    {"base_model_name_or_path", inert, kNote},                                       // experiments/train
    {"target_model_type", inert, kNote},                                             // [A]
    {"modal_type", inert, kNote},                                                    // [A]
    {"ttt_length", inert, "of training alone"},                                      // [F] [A]
    {"ttt_steps", inert, "of training alone"},                                       // [P]
};

constexpr const char* kNormed = "features that are normed before 'fc' cannot be run";
constexpr const char* kOneLayer = "heads of more than one layer cannot be run";
constexpr const char* kSpeculatorsTensor =
    "the folder is as vllm-project/speculators saves EAGLE-1, which cannot be read";
constexpr KnownTensor kUnread[] = {
    {"layers.*", TensorFate::beyond, kOneLayer},
    {"model.layers.*", TensorFate::beyond, kOneLayer},
    {"*additional_layers.*", TensorFate::refused, kOneLayer},  // [S3]
    {"*mask_hidden", TensorFate::refused,
     "heads that guess several tokens in a pass (P-EAGLE) cannot be run"},  // [V3]
    {"*parallel_draft_heads.*", TensorFate::refused,
     "heads that guess several tokens in a pass cannot be run"},                                      // [M]
    {"*token_map", TensorFate::refused, "outputs for a part of the vocabulary are read from 'd2t'"},  // [V1]
    {"*enorm.weight", TensorFate::refused,
     "embeddings that are normed before 'fc' cannot be run"},                                      // [V1] [T]
    {"*hnorm.weight", TensorFate::refused, "features that are normed before 'fc' cannot be run"},  // [V1]
    {"*eh_proj.*", TensorFate::refused, "a second product before the layer cannot be run"},        // [T]
    {"*self_attn.o_proj.bias", TensorFate::refused,
     "an attention output with a bias cannot be run"},  // [V1] [V3]
    {"*self_attn.*_norm.weight", TensorFate::refused, "heads whose queries or keys are normed cannot be run"},
};

constexpr const char* kNoFinalNorm = "EAGLE-1 does not norm before its output";
constexpr KnownTensor kUnreadFirst[] = {
    {"*self_attn.*_proj.bias", TensorFate::refused,
     "queries, keys and values have biases only where 'qkv_bias' or 'attention_bias' is true"},  // [E1]
    {"*fc.bias", TensorFate::refused, "'bias' is false"},                                        // [E1]
    {"*input_layernorm.weight", TensorFate::refused,
     "EAGLE-1's first layer does not norm what it reads"},  // [M]
    {"d2t", TensorFate::refused, "EAGLE-1 has no map"},
    {"t2d", TensorFate::refused, "EAGLE-1 has no map"},
    {"*embedding_layernorm.weight", TensorFate::refused,
     "embeddings that are normed before 'fc' cannot be run"},                   // [P]
    {"*hidden_states_layernorm.weight", TensorFate::refused, kNormed},          // [V1]
    {"fusion_fc.*", TensorFate::refused, kSpeculatorsTensor},                   // [P]
    {"transformer.*", TensorFate::refused, kSpeculatorsTensor},                 // [P]
    {"pre_lm_head_layernorm.weight", TensorFate::refused, kSpeculatorsTensor},  // [P]
    {"norm.weight", TensorFate::refused, kNoFinalNorm},
    {"model.norm.weight", TensorFate::refused, kNoFinalNorm},
};

constexpr KnownTensor kUnreadThird[] = {
    {"*self_attn.*_proj.bias", TensorFate::refused,
     "queries, keys and values have biases only where 'attention_bias' is true"},  // [V3]
    {"*fc.bias", TensorFate::refused, "'bias' is false"},                          // [S3]
    {"*fc_norm.*", TensorFate::refused, kNormed},                                  // [S3] [F] [T]
    {"*aux_norm_*.weight", TensorFate::refused, kNormed},                          // [S3]
    {"*input_norm.weight", TensorFate::refused, kNormed},                          // [T] [P]
    {"d2t", TensorFate::refused, "'draft_vocab_size' is the target's whole vocabulary"},
    {"t2d", TensorFate::refused, "it comes without 'd2t'"},
    {"*verifier_*", TensorFate::refused, "they are the target's, whose own folder has them"},  // [P]
};

std::vector<KeyTable> with_llama(std::vector<KeyTable> own) {
  own.insert(own.end(), llama_config_keys().begin(), llama_config_keys().end());
  return own;
}

}  // namespace

std::span<const KeyTable> eagle_keys(EagleKind kind) {
  static const std::vector<KeyTable> first = with_llama({kEither, kFirst, kThirdBesideFirst, kTopLevel}),
                                     third = with_llama({kEither, kThird, kFirstBesideThird, kTopLevel});
  return kind == EagleKind::first ? first : third;
}

std::span<const KeyTable> nested_eagle_keys(EagleKind kind) {
  static constexpr std::array<KeyTable, 2> first{kEither, kThirdBesideFirst}, third{kEither, kThird};
  return kind == EagleKind::first ? first : third;
}

std::span<const TensorTable> eagle_unread_tensors(EagleKind kind) {
  static const std::array<TensorTable, 4> first{telling_tensors(), kUnread, kUnreadFirst,
                                                llama_unread_tensors()},
      third{telling_tensors(), kUnread, kUnreadThird, llama_unread_tensors()};
  return kind == EagleKind::first ? first : third;
}

}  // namespace speclab
