#include "core/models/checkpoint/llama_keys.h"

namespace speclab {
namespace {

using enum KeyFate;

constexpr KnownKey kShape[] = {
    {"architectures", read, ""},
    {"model_type", read, ""},
    {"vocab_size", read, ""},
    {"hidden_size", read, ""},
    {"intermediate_size", read, ""},
    {"num_hidden_layers", read, ""},
    {"num_attention_heads", read, ""},
    {"num_key_value_heads", read, ""},
    {"head_dim", read, ""},
    {"hidden_act", read, ""},
    {"max_position_embeddings", read, ""},
    {"rms_norm_eps", read, ""},
    {"tie_word_embeddings", read, ""},
    {"rope_theta", read, ""},
    {"rope_scaling", read, ""},
    {"rope_parameters", read, ""},
    {"original_max_position_embeddings", read, ""},
    {"attention_bias", read, ""},
    {"mlp_bias", read, ""},
    {"sliding_window", read, ""},
    {"use_sliding_window", read, ""},
    {"max_window_layers", read, ""},
    {"layer_types", read, ""},
    {"eos_token_id", read, ""},
    {"quantization_config", read, ""},
    {"partial_rotary_factor", only, "only 1 can be run: positions turn the whole of a head", "[1]"},
    {"per_layer_config", only, "layers that differ in shape cannot be run", "[{}]"},
    {"pruned_heads", only, "layers without some of their heads cannot be run", "[{}]"},
    {"is_encoder_decoder", only, "only a decoder can be run", "[false]"},
    {"add_cross_attention", only, "only a decoder without cross-attention can be run", "[false]"},
    {"tie_encoder_decoder", only, "only a decoder can be run", "[false]"},
};

constexpr const char* kTraining = "of training alone";
constexpr const char* kPython = "how the Python class answers or is set up; the numbers are the same";
constexpr const char* kTokenizer = "tokenizer.json says how texts become tokens";
constexpr const char* kLabels = "of classifiers";
constexpr const char* kNote = "a note on where the file comes from";

constexpr KnownKey kWithoutEffect[] = {
    {"attention_dropout", inert, kTraining},
    {"initializer_range", inert, kTraining},
    {"gradient_checkpointing", inert, kTraining},
    {"tf_legacy_loss", inert, kTraining},
    {"pretraining_tp", inert, "parts of products, whose sums are the same"},
    {"chunk_size_feed_forward", inert, "parts of products, whose sums are the same"},
    {"cross_attention_hidden_size", inert, "without cross-attention"},
    {"is_decoder", inert, "these architectures are decoders, whatever it says"},
    {"use_bfloat16", inert, "weights are read as they are stored"},
    {"dtype", inert, "weights are read as they are stored"},
    {"torch_dtype", inert, "weights are read as they are stored"},
    {"use_cache", inert, kPython},
    {"output_hidden_states", inert, kPython},
    {"output_attentions", inert, kPython},
    {"return_dict", inert, kPython},
    {"torchscript", inert, kPython},
    {"tie_last_hidden_states", inert, kPython},
    {"attn_implementation", inert, kPython},
    {"_attn_implementation", inert, kPython},
    {"_attn_implementation_autoset", inert, kPython},
    {"_attn_implementation_internal", inert, kPython},
    {"_experts_implementation", inert, "without experts"},
    {"experts_implementation", inert, "without experts"},
    {"keys_to_ignore_at_inference", inert, kPython},
    {"base_config_key", inert, kPython},
    {"sub_configs", inert, kPython},
    {"sub_configs_defaults", inert, kPython},
    {"has_no_defaults_at_init", inert, kPython},
    {"attribute_map", inert, kPython},
    {"base_model_tp_plan", inert, kPython},
    {"base_model_pp_plan", inert, kPython},
    {"base_model_ep_plan", inert, kPython},
    {"base_model_fsdp_plan", inert, kPython},
    {"_auto_class", inert, kPython},
    {"extra_files", inert, kPython},
    {"extra_config_files", inert, kPython},
    {"tokenizer_class", inert, kTokenizer},
    {"prefix", inert, kTokenizer},
    {"bos_token_id", inert, kTokenizer},
    {"pad_token_id", inert, "sequences of a batch are not padded"},
    {"sep_token_id", inert, kTokenizer},
    {"decoder_start_token_id", inert, "of encoders with decoders"},
    {"id2label", inert, kLabels},
    {"label2id", inert, kLabels},
    {"num_labels", inert, kLabels},
    {"problem_type", inert, kLabels},
    {"finetuning_task", inert, kLabels},
    {"task_specific_params", inert, "of transformers' pipelines"},
    {"transformers_version", inert, kNote},
    {"name_or_path", inert, kNote},
    {"_name_or_path", inert, kNote},
    {"_commit_hash", inert, kNote},
    {"unsloth_version", inert, kNote},
    {"unsloth_fixed", inert, kNote},
    {"auto_map", said, "Python code beside the weights is not run"},
};

// What other families have, or what vLLM reads for these. transformers' own code for these architectures does
// not read them; where they are there, the architecture named is not the model's.
constexpr const char* kOther = "it belongs to another architecture, which cannot be run";
constexpr KnownKey kOtherFamilies[] = {
    {"bias", only, "vLLM reads it as 'attention_bias'; say that instead", "[false]"},
    {"qkv_bias", only, "it belongs to another architecture; Qwen2ForCausalLM has such biases", "[false]"},
    {"use_qkv_bias", only, "it belongs to another architecture; Qwen2ForCausalLM has such biases", "[false]"},
    {"logit_scale", only, "logits that are scaled cannot be run; only 1 can", "[1]"},
    {"logits_scaling", only, "logits that are scaled cannot be run; only 1 can", "[1]"},
    {"embedding_multiplier", only, "embeddings that are scaled cannot be run; only 1 can", "[1]"},
    {"scale_emb", only, "embeddings that are scaled cannot be run; only 1 can", "[1]"},
    {"residual_multiplier", only, "a scaled residual stream cannot be run; only 1 can", "[1]"},
    {"scale_depth", only, kOther},
    {"dim_model_base", only, kOther},
    {"attention_multiplier", only, kOther},
    {"query_pre_attn_scalar", only, kOther},
    {"attn_logit_softcapping", only, kOther},
    {"final_logit_softcapping", only, kOther},
    {"no_rope_layers", only, kOther},
    {"no_rope_layer_interval", only, kOther},
    {"attention_chunk_size", only, kOther},
    {"sliding_window_pattern", only, "which layers have a window is read from 'layer_types'"},
    {"use_qk_norm", only, "it belongs to another architecture; Qwen3ForCausalLM has such norms", "[false]"},
    {"qk_layernorm", only, "it belongs to another architecture; Qwen3ForCausalLM has such norms", "[false]"},
    {"clip_qkv", only, kOther},
    {"alibi", only, kOther, "[false]"},
    {"num_experts", only, "mixtures of experts cannot be run", "[0, 1]"},
    {"num_local_experts", only, "mixtures of experts cannot be run", "[0, 1]"},
    {"n_routed_experts", only, "mixtures of experts cannot be run"},
    {"kv_lora_rank", only, "latent attention cannot be run"},
    {"num_nextn_predict_layers", only, "layers that predict further tokens cannot be run", "[0]"},
    {"vision_config", only, "only models of text can be run"},
    {"text_config", only, "only models of text can be run; save the text part as a model of its own"},
};

constexpr const char* kSampling = "how tokens are drawn is set by [sampling]";
constexpr const char* kLength = "how long texts become is set by [workload]";
constexpr const char* kBeams = "one text is written for each prompt";
constexpr const char* kSpeculation = "how tokens are drafted is set by [drafter]";

// As generation_config.json has them, and as config.json had them before there was that.
constexpr KnownKey kGeneration[] = {
    {"do_sample", said, kSampling, "[false]"},
    {"temperature", said, kSampling, "[1]"},
    {"top_k", said, kSampling, "[0, 50]"},
    {"top_p", said, kSampling, "[1]"},
    {"top_h", said, kSampling},
    {"min_p", said, kSampling, "[0]"},
    {"typical_p", said, kSampling, "[1]"},
    {"epsilon_cutoff", said, kSampling, "[0]"},
    {"eta_cutoff", said, kSampling, "[0]"},
    {"repetition_penalty", said, kSampling, "[1]"},
    {"encoder_repetition_penalty", said, kSampling, "[1]"},
    {"no_repeat_ngram_size", said, kSampling, "[0]"},
    {"encoder_no_repeat_ngram_size", said, kSampling, "[0]"},
    {"exponential_decay_length_penalty", said, kSampling},
    {"bad_words_ids", said, kSampling, "[[]]"},
    {"force_words_ids", said, kSampling, "[[]]"},
    {"suppress_tokens", said, kSampling, "[[]]"},
    {"begin_suppress_tokens", said, kSampling, "[[]]"},
    {"forced_bos_token_id", said, kSampling},
    {"forced_eos_token_id", said, kSampling},
    {"force_bos_token_to_be_generated", said, kSampling, "[false]"},
    {"sequence_bias", said, kSampling, "[{}, []]"},
    {"guidance_scale", said, kSampling, "[1]"},
    {"watermarking_config", said, kSampling},
    {"penalty_alpha", said, kSampling, "[0]"},
    {"dola_layers", said, kSampling},
    {"constraints", said, kSampling, "[[]]"},
    {"stop_strings", said, "texts end at tokens, not at strings", "[[], \"\"]"},
    {"token_healing", said, kTokenizer, "[false]"},
    {"renormalize_logits", inert, "probabilities sum to 1 here"},
    {"remove_invalid_values", inert, "a NaN or an infinity is an error here"},
    {"max_length", said, kLength, "[20]"},
    {"max_new_tokens", said, kLength},
    {"min_length", said, kLength, "[0]"},
    {"min_new_tokens", said, kLength, "[0]"},
    {"max_time", said, kLength},
    {"num_beams", said, kBeams, "[1]"},
    {"num_beam_groups", inert, kBeams},
    {"diversity_penalty", inert, kBeams},
    {"early_stopping", inert, kBeams},
    {"length_penalty", inert, kBeams},
    {"low_memory", inert, kBeams},
    {"num_return_sequences", said, kBeams, "[1]"},
    {"output_scores", inert, kPython},
    {"output_logits", inert, kPython},
    {"return_dict_in_generate", inert, kPython},
    {"return_legacy_cache", inert, kPython},
    {"cache_implementation", inert, kPython},
    {"cache_config", inert, kPython},
    {"max_cache_len", inert, kPython},
    {"compile_config", inert, kPython},
    {"disable_compile", inert, kPython},
    {"continuous_batching_config", inert, kPython},
    {"prefill_chunk_size", inert, kPython},
    {"is_assistant", inert, kSpeculation},
    {"num_assistant_tokens", said, kSpeculation, "[20]"},
    {"num_assistant_tokens_schedule", said, kSpeculation, "[\"constant\"]"},
    {"assistant_confidence_threshold", said, kSpeculation, "[0.4]"},
    {"assistant_early_exit", said, kSpeculation},
    {"assistant_lookbehind", said, kSpeculation, "[10]"},
    {"assistant_ensemble_weight", said, kSpeculation},
    {"target_lookbehind", said, kSpeculation, "[10]"},
    {"prompt_lookup_num_tokens", said, kSpeculation},
    {"max_matching_ngram_size", said, kSpeculation},
    {"speculation_type", said, kSpeculation},
    {"use_mtp", said, kSpeculation, "[false]"},
};

constexpr KnownKey kGenerationFile[] = {
    {"eos_token_id", read, ""},
    {"bos_token_id", inert, kTokenizer},
    {"pad_token_id", inert, "sequences of a batch are not padded"},
    {"decoder_start_token_id", inert, "of encoders with decoders"},
    {"use_cache", inert, kPython},
    {"output_attentions", inert, kPython},
    {"output_hidden_states", inert, kPython},
    {"transformers_version", inert, kNote},
    {"_from_model_config", inert, kNote},
    {"_commit_hash", inert, kNote},
};

constexpr const char* kYarn = "of rope type yarn, which has no effect at factor 1 and is refused at others";
constexpr const char* kLongrope = "of rope type longrope, which is refused";
constexpr KnownKey kRope[] = {
    {"rope_theta", read, ""},
    {"rope_type", read, ""},
    {"type", read, ""},
    {"factor", read, ""},
    {"low_freq_factor", read, ""},
    {"high_freq_factor", read, ""},
    {"original_max_position_embeddings", read, ""},
    {"attention_factor", read, ""},
    {"partial_rotary_factor", only, "only 1 can be run: positions turn the whole of a head", "[1]"},
    {"full_attention", only, "frequencies that differ by kind of layer cannot be run"},
    {"sliding_attention", only, "frequencies that differ by kind of layer cannot be run"},
    {"mrope_section", only, "positions of several dimensions, as models of pictures have, cannot be run"},
    {"mrope_interleaved", only, "positions of several dimensions cannot be run", "[false]"},
    {"beta_fast", inert, kYarn},
    {"beta_slow", inert, kYarn},
    {"mscale", inert, kYarn},
    {"mscale_all_dim", inert, kYarn},
    {"truncate", inert, kYarn},
    {"finetuned", inert, kYarn},
    {"short_factor", inert, kLongrope},
    {"long_factor", inert, kLongrope},
};

constexpr KeyTable kConfigTables[] = {kShape, kWithoutEffect, kOtherFamilies, kGeneration};
constexpr KeyTable kRopeTables[] = {kRope};
constexpr KeyTable kGenerationTables[] = {kGenerationFile, kGeneration};

}  // namespace

std::span<const KeyTable> llama_config_keys() { return kConfigTables; }
std::span<const KeyTable> rope_keys() { return kRopeTables; }
std::span<const KeyTable> generation_keys() { return kGenerationTables; }

}  // namespace speclab
