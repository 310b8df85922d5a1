#include "tests/support/tiny_heads.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "core/models/checkpoint/float16.h"
#include "core/random/counter_rng.h"

namespace speclab {

void TinyHeads::write(const std::filesystem::path& folder) const {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json") << config.dump(2);
  write_safetensors(folder / "model.safetensors", tensors);
}

StoredTensor& TinyHeads::tensor(const std::string& name) {
  for (StoredTensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  throw std::runtime_error("no tensor " + name);
}

StoredTensor random_tensor(const std::string& name, Dtype dtype, std::vector<std::int64_t> shape,
                           double centre) {
  StoredTensor tensor{name, dtype, std::move(shape), {}};
  const std::int64_t count = tensor.view().elements();
  tensor.bytes.resize(static_cast<std::size_t>(count) * bytes_of(dtype));
  const double scale =
      tensor.shape.size() == 2 ? std::sqrt(12.0 / static_cast<double>(tensor.shape[1])) : 0.3;
  std::uint64_t state = std::hash<std::string>{}(name);
  for (std::int64_t i = 0; i < count; ++i) {
    const double uniform = static_cast<double>(mix64(state += kGolden) >> 11) * 0x1p-53 - 0.5;
    const auto value = static_cast<float>(centre + scale * uniform);
    std::byte* where = tensor.bytes.data() + static_cast<std::size_t>(i) * bytes_of(dtype);
    const std::uint16_t bits = bf16_of(value);
    std::memcpy(where, dtype == Dtype::bf16 ? static_cast<const void*>(&bits) : &value, bytes_of(dtype));
  }
  return tensor;
}

TinyHeads tiny_medusa(const LlamaConfig& target, Dtype dtype, int heads, int layers) {
  TinyHeads made{{{"medusa_num_heads", heads}, {"medusa_num_layers", layers}}, {}};
  const std::int64_t h = target.hidden;
  for (int i = 0; i < heads; ++i) {
    const std::string head = std::to_string(i) + ".";
    for (int j = 0; j < layers; ++j) {
      const std::string name = head + std::to_string(j) + ".linear";
      made.tensors.push_back(random_tensor(name + ".weight", dtype, {h, h}));
      made.tensors.push_back(random_tensor(name + ".bias", dtype, {h}));
    }
    made.tensors.push_back(
        random_tensor(head + std::to_string(layers) + ".weight", dtype, {target.vocab, h}));
  }
  return made;
}

TinyHeads tiny_hydra(const LlamaConfig& target, Dtype dtype, int heads, int layers) {
  TinyHeads made{{{"hydra_num_heads", heads},
                  {"hydra_num_layers", layers},
                  {"hydra_head_arch", "mlp"},
                  {"grounded_heads", true},
                  {"hidden_size", target.hidden}},
                 {}};
  const std::int64_t h = target.hidden;
  for (int i = 0; i < heads; ++i) {
    for (int j = 0; j < layers; ++j) {
      const std::string name = "hydra_mlp." + std::to_string(i) + "." + std::to_string(j) + ".";
      const std::int64_t inputs = j == 0 ? (i + 2) * h : h;
      made.tensors.push_back(random_tensor(name + "linear.weight", dtype, {h, inputs}));
      made.tensors.push_back(random_tensor(name + "linear.bias", dtype, {h}));
      if (j > 0) continue;
      made.tensors.push_back(random_tensor(name + "res_connection.weight", dtype, {h, inputs}));
      made.tensors.push_back(random_tensor(name + "res_connection.bias", dtype, {h}));
    }
  }
  return made;
}

namespace {

TinyHeads with_layer(const LlamaConfig& target, Dtype dtype, const std::string& prefix, int parts_read,
                     int parts_fused) {
  TinyHeads made;
  made.config = {{"architectures", {"LlamaForCausalLM"}},
                 {"hidden_size", target.hidden},
                 {"intermediate_size", target.intermediate},
                 {"num_hidden_layers", 1},
                 {"num_attention_heads", target.heads},
                 {"num_key_value_heads", target.kv_heads},
                 {"head_dim", target.head_dim},
                 {"vocab_size", target.vocab},
                 {"max_position_embeddings", target.max_positions},
                 {"rms_norm_eps", target.rms_epsilon}};
  const std::int64_t h = target.hidden, inner = target.intermediate, reads = parts_read * h;
  const std::int64_t queries = target.heads * target.head_dim, keys = target.kv_heads * target.head_dim;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, double centre = 0) {
    made.tensors.push_back(random_tensor(name, dtype, std::move(shape), centre));
  };
  add("fc.weight", {h, parts_fused * h});
  add(prefix + "self_attn.q_proj.weight", {queries, reads});
  add(prefix + "self_attn.k_proj.weight", {keys, reads});
  add(prefix + "self_attn.v_proj.weight", {keys, reads});
  add(prefix + "self_attn.o_proj.weight", {h, queries});
  add(prefix + "post_attention_layernorm.weight", {h}, 1);
  add(prefix + "mlp.gate_proj.weight", {inner, h});
  add(prefix + "mlp.up_proj.weight", {inner, h});
  add(prefix + "mlp.down_proj.weight", {h, inner});
  return made;
}

}  // namespace

TinyHeads tiny_eagle(const LlamaConfig& target, Dtype dtype) {
  TinyHeads made = with_layer(target, dtype, "layers.0.", 1, 2);
  made.tensors.push_back(random_tensor("fc.bias", dtype, {target.hidden}));
  return made;
}

Token target_token_of(int draft_token) { return 2 * draft_token + 1; }

TinyHeads tiny_eagle3(const LlamaConfig& target, Dtype dtype, int draft_vocab) {
  TinyHeads made = with_layer(target, dtype, "midlayer.", 2, 3);
  const std::int64_t h = target.hidden;
  made.config["draft_vocab_size"] = draft_vocab;
  for (const char* name : {"midlayer.input_layernorm.weight", "midlayer.hidden_norm.weight", "norm.weight"}) {
    made.tensors.push_back(random_tensor(name, dtype, {h}, 1));
  }
  made.tensors.push_back(random_tensor("lm_head.weight", dtype, {draft_vocab, h}));
  StoredTensor offsets{"d2t", Dtype::f32, {draft_vocab}, {}, "I64"};
  for (std::int64_t token = 0; token < draft_vocab; ++token) {
    const std::int64_t offset = target_token_of(static_cast<int>(token)) - token;
    const auto* bytes = reinterpret_cast<const std::byte*>(&offset);
    offsets.bytes.insert(offsets.bytes.end(), bytes, bytes + sizeof offset);
  }
  made.tensors.push_back(std::move(offsets));
  return made;
}

void read_layers(TinyHeads& heads, Dtype dtype, const std::vector<int>& ids, bool nested) {
  const char* key = "eagle_aux_hidden_state_layer_ids";
  if (nested) {
    heads.config["eagle_config"] = {{key, ids}};
  } else {
    heads.config[key] = ids;
  }
  const std::int64_t hidden = heads.config["hidden_size"];
  heads.tensor("fc.weight") =
      random_tensor("fc.weight", dtype, {hidden, static_cast<std::int64_t>(ids.size()) * hidden});
}

TinyHeads tiny_eagle_with(EagleExtra extra, bool third, const LlamaConfig& target, Dtype dtype,
                          int draft_vocab) {
  TinyHeads made = third ? tiny_eagle3(target, dtype, draft_vocab) : tiny_eagle(target, dtype);
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
    made.tensors.push_back(random_tensor(name, dtype, std::move(shape)));
  };
  if (extra == EagleExtra::biases) {
    made.config[third ? "attention_bias" : "qkv_bias"] = true;
    const std::string attention = third ? "midlayer.self_attn." : "layers.0.self_attn.";
    add(attention + "q_proj.bias", {target.heads * target.head_dim});
    add(attention + "k_proj.bias", {target.kv_heads * target.head_dim});
    add(attention + "v_proj.bias", {target.kv_heads * target.head_dim});
    if (third) add("fc.bias", {target.hidden});
  }
  if (extra == EagleExtra::output) {
    add("lm_head.weight", {target.vocab, target.hidden});
    add("lm_head.bias", {target.vocab});
  }
  if (extra == EagleExtra::two_layers) read_layers(made, dtype, {2, 4}, false);
  if (extra == EagleExtra::four_layers) read_layers(made, dtype, {1, 2, 3, 4}, true);
  return made;
}

void shift(StoredTensor& tensor, float by) {
  std::vector<float> values = tensor.view().floats();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float value = values[i] + by;
    const std::uint16_t bits = bf16_of(value);
    std::memcpy(tensor.bytes.data() + i * bytes_of(tensor.dtype),
                tensor.dtype == Dtype::bf16 ? static_cast<const void*>(&bits) : &value,
                bytes_of(tensor.dtype));
  }
}

}  // namespace speclab
