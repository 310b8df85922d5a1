#include "kernels/cpu/llama_weights.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "core/errors.h"
#include "core/models/checkpoint.h"

namespace speclab {
namespace {

class Gatherer {
 public:
  explicit Gatherer(const TensorSource& source) : source_(source) {}

  std::vector<float> vector(const std::string& name, int length) {
    return source_(name, std::array<std::int64_t, 1>{length}).floats();
  }
  const std::byte* matrix(const std::string& name, int outputs, int inputs) {
    const Tensor tensor = source_(name, std::array<std::int64_t, 2>{outputs, inputs});
    if (!dtype_) {
      dtype_ = tensor.dtype;
      first_ = name;
    }
    if (tensor.dtype != *dtype_) {
      throw ConfigError(fmt::format(
          "tensor '{}' is stored as {}, but '{}' as {}; all matrices of a model must have one type", name,
          name_of(tensor.dtype), first_, name_of(*dtype_)));
    }
    return tensor.data;
  }
  Dtype dtype() const { return *dtype_; }

 private:
  const TensorSource& source_;
  std::optional<Dtype> dtype_;
  std::string first_;
};

}  // namespace

std::size_t LlamaWeights::streamed_bytes() const {
  const auto c = config;
  const std::size_t heads =
      static_cast<std::size_t>(2 * c.heads + 2 * c.kv_heads) * static_cast<std::size_t>(c.head_dim);
  const std::size_t per_layer = heads + 3 * static_cast<std::size_t>(c.intermediate);
  const std::size_t outputs =
      per_layer * static_cast<std::size_t>(c.layers) + static_cast<std::size_t>(c.vocab);
  return outputs * static_cast<std::size_t>(c.hidden) * bytes_of(dtype);
}

void look_up(Dtype dtype, const std::byte* table, int width, Token token, float* out) {
  const std::size_t bytes = static_cast<std::size_t>(width) * bytes_of(dtype);
  const Tensor row{dtype, {}, table + static_cast<std::size_t>(token) * bytes};
  for (int i = 0; i < width; ++i) out[i] = row.at(i);
}

LlamaWeights gather_weights(const LlamaConfig& config, const TensorSource& source,
                            std::shared_ptr<const void> owner) {
  Gatherer take(source);
  LlamaWeights weights;
  weights.config = config;
  weights.owner = std::move(owner);
  const int hidden = config.hidden, d = config.head_dim;
  const int queries = config.heads * d, keys = config.kv_heads * d;
  weights.embedding = take.matrix("model.embed_tokens.weight", config.vocab, hidden);
  for (int i = 0; i < config.layers; ++i) {
    const std::string prefix = fmt::format("model.layers.{}.", i);
    LlamaWeights::Layer layer;
    layer.input_norm = take.vector(prefix + "input_layernorm.weight", hidden);
    layer.query = take.matrix(prefix + "self_attn.q_proj.weight", queries, hidden);
    layer.key = take.matrix(prefix + "self_attn.k_proj.weight", keys, hidden);
    layer.value = take.matrix(prefix + "self_attn.v_proj.weight", keys, hidden);
    layer.output = take.matrix(prefix + "self_attn.o_proj.weight", hidden, queries);
    if (config.qkv_bias) {
      layer.query_bias = take.vector(prefix + "self_attn.q_proj.bias", queries);
      layer.key_bias = take.vector(prefix + "self_attn.k_proj.bias", keys);
      layer.value_bias = take.vector(prefix + "self_attn.v_proj.bias", keys);
    }
    if (config.qk_norm) {
      layer.query_norm = take.vector(prefix + "self_attn.q_norm.weight", d);
      layer.key_norm = take.vector(prefix + "self_attn.k_norm.weight", d);
    }
    layer.output_norm = take.vector(prefix + "post_attention_layernorm.weight", hidden);
    layer.gate = take.matrix(prefix + "mlp.gate_proj.weight", config.intermediate, hidden);
    layer.up = take.matrix(prefix + "mlp.up_proj.weight", config.intermediate, hidden);
    layer.down = take.matrix(prefix + "mlp.down_proj.weight", hidden, config.intermediate);
    weights.layers.push_back(std::move(layer));
  }
  weights.final_norm = take.vector("model.norm.weight", hidden);
  weights.head = config.tied ? weights.embedding : take.matrix("lm_head.weight", config.vocab, hidden);
  weights.dtype = take.dtype();
  return weights;
}

LlamaWeights load_weights(const std::filesystem::path& directory) {
  const auto checkpoint = std::make_shared<const Checkpoint>(directory);
  const TensorSource source = [&](const std::string& name, std::span<const std::int64_t> shape) {
    return checkpoint->tensor(name, shape);
  };
  try {
    return gather_weights(checkpoint->config(), source, checkpoint);
  } catch (const ConfigError& error) {
    const std::string what = error.what();
    if (what.starts_with(directory.string())) throw;
    throw ConfigError(directory.string() + ": " + what);
  }
}

}  // namespace speclab
