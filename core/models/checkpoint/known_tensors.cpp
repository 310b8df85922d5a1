#include "core/models/checkpoint/known_tensors.h"

#include <string_view>

namespace speclab {
namespace {

using enum TensorFate;

constexpr KnownTensor kTelling[] = {
    {"*rotary_emb.inv_freq", inert,
     "frequencies are computed from config.json, as transformers has done since 4.31"},
    {"*rotary_emb.cos_cached", inert, "it is computed from config.json"},
    {"*rotary_emb.sin_cached", inert, "it is computed from config.json"},
    {"*.masked_bias", inert, "it is a mask, which a causal model has in its code"},
    {"*lora_*", refused,
     "they are an adapter's (LoRA), which has to be merged into the weights first (peft: merge_and_unload)"},
    {"*.qweight", refused, "the weights are quantized (GPTQ or AWQ)"},
    {"*.qzeros", refused, "the weights are quantized (GPTQ or AWQ)"},
    {"*.scales", refused, "the weights are quantized (GPTQ or AWQ)"},
    {"*.weight_packed", refused, "the weights are quantized (compressed-tensors)"},
    {"*.weight_zero_point", refused, "the weights are quantized (compressed-tensors)"},
    {"*.g_idx", refused, "the weights are quantized (GPTQ)"},
    {"*.weight_scale*", refused, "the weights are quantized (FP8 or the like), and these are their scales"},
    {"*.input_scale", refused, "the weights are quantized (FP8 or the like), and these are their scales"},
    {"*_scale_inv", refused, "the weights are quantized (FP8), and these are their scales"},
    {"*.k_scale", refused, "they scale a quantized cache, which is not quantized here"},
    {"*.v_scale", refused, "they scale a quantized cache, which is not quantized here"},
    {"*.absmax", refused, "the weights are quantized (bitsandbytes)"},
    {"*.SCB", refused, "the weights are quantized (bitsandbytes)"},
    {"*.quant_state*", refused, "the weights are quantized (bitsandbytes)"},
};

constexpr KnownTensor kLlama[] = {
    {"model.layers.*", beyond, "'num_hidden_layers' may be too small"},
    {"*experts*", refused, "they are a mixture of experts', which is another architecture"},
    {"*block_sparse_moe*", refused, "they are a mixture of experts', which is another architecture"},
    {"vision*", refused,
     "they are a vision model's; the text part alone has to be saved as a model of its own"},
    {"visual*", refused,
     "they are a vision model's; the text part alone has to be saved as a model of its own"},
    {"score.*", refused, "they are a classifier's or a reward model's"},
    {"v_head.*", refused, "they are a value head's, of training by reinforcement"},
    {"*medusa*", refused,
     "they are Medusa's heads, which are given as drafter.path in a folder of their own"},
    {"*.self_attn.q_norm.*", refused, "heads whose queries are normed are Qwen3ForCausalLM's"},
    {"*.self_attn.k_norm.*", refused, "heads whose keys are normed are Qwen3ForCausalLM's"},
    {"*.self_attn.*_proj.bias", refused,
     "attention with biases is Qwen2ForCausalLM's, or another's with 'attention_bias' true"},
    {"*.mlp.*_proj.bias", refused,
     "a feed-forward part with biases is LlamaForCausalLM's with 'mlp_bias' true"},
    {"lm_head.bias", refused, "a head with a bias cannot be run"},
};

}  // namespace

bool matches(const std::string& name, const char* pattern) {
  const std::string_view text = name, wanted = pattern;
  // Where the last * stood, and how much of the text it takes so far.
  std::size_t at = 0, p = 0, star = std::string_view::npos, taken = 0;
  while (at < text.size()) {
    if (p < wanted.size() && wanted[p] == '*') {
      star = p++;
      taken = at;
    } else if (p < wanted.size() && wanted[p] == text[at]) {
      ++p;
      ++at;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      at = ++taken;
    } else {
      return false;
    }
  }
  while (p < wanted.size() && wanted[p] == '*') ++p;
  return p == wanted.size();
}

const KnownTensor* find_tensor(std::span<const TensorTable> tables, const std::string& name,
                               bool layer_is_read) {
  for (const TensorTable table : tables) {
    for (const KnownTensor& known : table) {
      if (matches(name, known.pattern) && !(known.fate == beyond && layer_is_read)) return &known;
    }
  }
  return nullptr;
}

TensorTable telling_tensors() { return kTelling; }
TensorTable llama_unread_tensors() { return kLlama; }

}  // namespace speclab
