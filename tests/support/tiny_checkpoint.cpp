#include "tests/support/tiny_checkpoint.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/llama/llama_weights.h"

namespace speclab {
namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (fs::temp_directory_path() / "speclab-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory can be made");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() { fs::remove_all(path_); }

LlamaConfig tiny_config(const std::string& architecture) {
  LlamaConfig config;
  config.architecture = architecture;
  config.hidden = 44;
  config.intermediate = 75;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = architecture == "Qwen3ForCausalLM" ? 18 : 11 * 2;
  config.vocab = 67;
  config.max_positions = 160;
  config.rms_epsilon = 1e-5;
  config.qkv_bias = architecture == "Qwen2ForCausalLM";
  config.qk_norm = architecture == "Qwen3ForCausalLM";
  config.tied = config.qkv_bias;
  config.sliding_window = architecture == "MistralForCausalLM" ? 7 : 0;
  config.end_tokens = {3};
  return config;
}

LlamaConfig biased(LlamaConfig config) {
  config.qkv_bias = config.output_bias = true;
  config.mlp_bias = config.architecture == "LlamaForCausalLM";
  return config;
}

std::vector<StoredTensor> random_tensors(const LlamaConfig& config, Dtype dtype, std::uint64_t seed) {
  std::vector<StoredTensor> tensors;
  // The names and shapes are asked for in order, and the values follow in the same order.
  const LlamaWeights weights = random_weights(config, dtype, seed);
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, const std::byte* data) {
    StoredTensor tensor{name, dtype, std::move(shape), {}};
    tensor.bytes.resize(static_cast<std::size_t>(tensor.view().elements()) * bytes_of(dtype));
    std::memcpy(tensor.bytes.data(), data, tensor.bytes.size());
    tensors.push_back(std::move(tensor));
  };
  // Vectors stay f32, as some checkpoints have them beside 16-bit matrices.
  const auto add_floats = [&](const std::string& name, const std::vector<float>& values) {
    StoredTensor tensor{name, Dtype::f32, {static_cast<std::int64_t>(values.size())}, {}};
    tensor.bytes.resize(values.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    tensors.push_back(std::move(tensor));
  };
  const std::int64_t hidden = config.hidden, inner = config.intermediate;
  const std::int64_t queries = config.heads * config.head_dim, keys = config.kv_heads * config.head_dim;
  add("model.embed_tokens.weight", {config.vocab, hidden}, weights.embedding);
  for (int i = 0; i < config.layers; ++i) {
    const LlamaWeights::Layer& layer = weights.layers[i];
    const std::string prefix = "model.layers." + std::to_string(i) + ".";
    add_floats(prefix + "input_layernorm.weight", layer.input_norm);
    add(prefix + "self_attn.q_proj.weight", {queries, hidden}, layer.query);
    add(prefix + "self_attn.k_proj.weight", {keys, hidden}, layer.key);
    add(prefix + "self_attn.v_proj.weight", {keys, hidden}, layer.value);
    add(prefix + "self_attn.o_proj.weight", {hidden, queries}, layer.output);
    if (config.qkv_bias) {
      add_floats(prefix + "self_attn.q_proj.bias", layer.query_bias);
      add_floats(prefix + "self_attn.k_proj.bias", layer.key_bias);
      add_floats(prefix + "self_attn.v_proj.bias", layer.value_bias);
    }
    if (config.output_bias) add_floats(prefix + "self_attn.o_proj.bias", layer.output_bias);
    if (config.qk_norm) {
      add_floats(prefix + "self_attn.q_norm.weight", layer.query_norm);
      add_floats(prefix + "self_attn.k_norm.weight", layer.key_norm);
    }
    add_floats(prefix + "post_attention_layernorm.weight", layer.output_norm);
    add(prefix + "mlp.gate_proj.weight", {inner, hidden}, layer.gate);
    add(prefix + "mlp.up_proj.weight", {inner, hidden}, layer.up);
    add(prefix + "mlp.down_proj.weight", {hidden, inner}, layer.down);
    if (config.mlp_bias) {
      add_floats(prefix + "mlp.gate_proj.bias", layer.gate_bias);
      add_floats(prefix + "mlp.up_proj.bias", layer.up_bias);
      add_floats(prefix + "mlp.down_proj.bias", layer.down_bias);
    }
  }
  add_floats("model.norm.weight", weights.final_norm);
  if (!config.tied) add("lm_head.weight", {config.vocab, hidden}, weights.head);
  return tensors;
}

void write_config(const fs::path& directory, const LlamaConfig& config) {
  nlohmann::json json = {{"architectures", {config.architecture}},
                         {"hidden_size", config.hidden},
                         {"intermediate_size", config.intermediate},
                         {"num_hidden_layers", config.layers},
                         {"num_attention_heads", config.heads},
                         {"num_key_value_heads", config.kv_heads},
                         {"head_dim", config.head_dim},
                         {"vocab_size", config.vocab},
                         {"max_position_embeddings", config.max_positions},
                         {"rms_norm_eps", config.rms_epsilon},
                         {"rope_theta", config.rope.theta},
                         {"tie_word_embeddings", config.tied},
                         {"eos_token_id", config.end_tokens},
                         {"hidden_act", "silu"}};
  if (config.sliding_window > 0) json["sliding_window"] = config.sliding_window;
  if (config.output_bias) json["attention_bias"] = true;
  if (config.mlp_bias) json["mlp_bias"] = true;
  for (const bool windowed : config.windowed)
    json["layer_types"].push_back(windowed ? "sliding_attention" : "full_attention");
  if (config.rope.scaling == RopeConfig::Scaling::linear) {
    json["rope_scaling"] = {{"rope_type", "linear"}, {"factor", config.rope.factor}};
  } else if (config.rope.scaling == RopeConfig::Scaling::llama3) {
    json["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", config.rope.factor},
                            {"low_freq_factor", config.rope.low_freq_factor},
                            {"high_freq_factor", config.rope.high_freq_factor},
                            {"original_max_position_embeddings", config.rope.original_max_positions}};
  }
  std::ofstream(directory / "config.json") << json.dump(2);
}

void write_safetensors(const fs::path& file, const std::vector<StoredTensor>& tensors) {
  nlohmann::json header = nlohmann::json::object();
  std::size_t end = 0;
  for (const StoredTensor& tensor : tensors) {
    const std::size_t begin = end;
    end += tensor.bytes.size();
    header[tensor.name] = {{"dtype", tensor.stored_as.empty() ? name_of(tensor.dtype) : tensor.stored_as},
                           {"shape", tensor.shape},
                           {"data_offsets", {begin, end}}};
  }
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out << text;
  for (const StoredTensor& tensor : tensors) {
    out.write(reinterpret_cast<const char*>(tensor.bytes.data()),
              static_cast<std::streamsize>(tensor.bytes.size()));
  }
}

}  // namespace speclab
