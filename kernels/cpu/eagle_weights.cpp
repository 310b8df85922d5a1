#include "kernels/cpu/eagle_weights.h"

#include <fmt/format.h>

#include <array>

#include "core/errors.h"
#include "core/models/json_settings.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReader = "an EAGLE head";

class Reader {
 public:
  Reader(const TensorFiles& files, std::string prefix) : files_(files), prefix_(std::move(prefix)) {}

  std::vector<float> vector(const std::string& name, int length) const {
    return files_.tensor(prefix_ + name, std::array<std::int64_t, 1>{length}, kReader).floats();
  }
  // A matrix of the layer, all of one type.
  const std::byte* matrix(const std::string& name, int outputs, int inputs, Dtype dtype) const {
    const Tensor tensor =
        files_.tensor(prefix_ + name, std::array<std::int64_t, 2>{outputs, inputs}, kReader);
    if (tensor.dtype != dtype) {
      throw ConfigError(
          fmt::format("tensor '{}' is stored as {}, but 'fc.weight' as {}; both must have one type",
                      prefix_ + name, name_of(tensor.dtype), name_of(dtype)));
    }
    return tensor.data;
  }

 private:
  const TensorFiles& files_;
  std::string prefix_;
};

LlamaWeights::Layer read_layer(const Reader& read, const LlamaConfig& c, int inputs, Dtype dtype) {
  const int queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
  LlamaWeights::Layer layer;
  layer.query = read.matrix("self_attn.q_proj.weight", queries, inputs, dtype);
  layer.key = read.matrix("self_attn.k_proj.weight", keys, inputs, dtype);
  layer.value = read.matrix("self_attn.v_proj.weight", keys, inputs, dtype);
  layer.output = read.matrix("self_attn.o_proj.weight", c.hidden, queries, dtype);
  layer.output_norm = read.vector("post_attention_layernorm.weight", c.hidden);
  layer.gate = read.matrix("mlp.gate_proj.weight", c.intermediate, c.hidden, dtype);
  layer.up = read.matrix("mlp.up_proj.weight", c.intermediate, c.hidden, dtype);
  layer.down = read.matrix("mlp.down_proj.weight", c.hidden, c.intermediate, dtype);
  return layer;
}

// d2t holds, for each token of the draft, by how much the target's number is larger.
std::vector<Token> target_tokens(const TensorFiles& files, int draft_vocab, int vocab,
                                 const fs::path& directory) {
  std::vector<Token> tokens;
  for (const std::int64_t offset : files.integers("d2t", draft_vocab, kReader)) {
    const std::int64_t token = static_cast<std::int64_t>(tokens.size()) + offset;
    if (token < 0 || token >= vocab) {
      throw ConfigError(
          fmt::format("{}: tensor 'd2t' maps token {} of the draft to {}, but the target has {} tokens",
                      directory.string(), tokens.size(), token, vocab));
    }
    tokens.push_back(static_cast<Token>(token));
  }
  return tokens;
}

}  // namespace

EagleWeights load_eagle(const fs::path& directory, const HeadTarget& target) {
  EagleWeights weights;
  weights.config = read_eagle_config(directory);
  weights.vocab = target.config.vocab;
  const LlamaConfig& c = weights.config;
  const nlohmann::json json = read_json_object(directory / "config.json");
  const JsonSettings settings(json, (directory / "config.json").string());
  const auto same = [&](const char* key, int own, int of_target) {
    if (own == of_target) return;
    settings.refuse(fmt::format("'{}' is {}, but the target's is {}; this head belongs to another target",
                                key, own, of_target));
  };
  same("hidden_size", c.hidden, target.config.hidden);
  same("vocab_size", c.vocab, target.config.vocab);
  if (c.layers != 1) settings.refuse(fmt::format("'num_hidden_layers' is {}; only 1 can be run", c.layers));
  if (settings.flag("norm_before_residual")) {
    settings.refuse("'norm_before_residual' is true; only false can be run");
  }

  const auto files = std::make_shared<const TensorFiles>(directory);
  weights.owners[0] = files;
  weights.owners[1] = target.owner;
  const std::string layer = files->contains("midlayer.hidden_norm.weight") ? "midlayer." : "layers.0.";
  weights.third = settings.has("draft_vocab_size") || files->contains(layer + "hidden_norm.weight");
  weights.fuse = read_linear(*files, "fc", c.hidden, (weights.third ? 3 : 2) * c.hidden, kReader);
  weights.dtype = weights.fuse.dtype;
  const Reader read(*files, layer);
  weights.layer = read_layer(read, c, (weights.third ? 2 : 1) * c.hidden, weights.dtype);
  weights.output = {target.dtype, target.head, weights.vocab, c.hidden, {}};
  if (weights.third) {
    const int draft_vocab = settings.count("draft_vocab_size", weights.vocab);
    weights.layer.input_norm = read.vector("input_layernorm.weight", c.hidden);
    weights.state_norm = read.vector("hidden_norm.weight", c.hidden);
    weights.final_norm = Reader(*files, "").vector("norm.weight", c.hidden);
    weights.output = read_linear(*files, "lm_head", draft_vocab, c.hidden, kReader);
    if (draft_vocab != weights.vocab) {
      weights.target_token = target_tokens(*files, draft_vocab, weights.vocab, directory);
    }
    const int layers = target.config.layers;
    weights.taps = {2, layers / 2, layers - 3};
    if (layers < 4) {
      settings.refuse(
          fmt::format("EAGLE-3 reads the target after 2, L / 2 and L - 3 layers, but it has {}", layers));
    }
  } else if (files->contains(layer + "input_layernorm.weight")) {
    settings.refuse(
        fmt::format("tensor '{}input_layernorm.weight' is there, which EAGLE's layer does not have", layer));
  }
  weights.table_dtype = target.dtype;
  weights.table = target.embedding;
  if (files->contains("embed_tokens.weight")) {
    const Tensor table =
        files->tensor("embed_tokens.weight", std::array<std::int64_t, 2>{weights.vocab, c.hidden}, kReader);
    weights.table_dtype = table.dtype;
    weights.table = table.data;
  }
  return weights;
}

}  // namespace speclab
