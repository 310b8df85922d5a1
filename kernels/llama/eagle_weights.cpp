#include "kernels/llama/eagle_weights.h"

#include <fmt/format.h>

#include <array>

#include "core/errors.h"
#include "core/models/checkpoint/eagle_keys.h"
#include "core/models/checkpoint/eagle_taps.h"
#include "core/settings/json_settings.h"
#include "kernels/llama/draft_vocabulary.h"

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
  if (c.qkv_bias) {
    layer.query_bias = read.vector("self_attn.q_proj.bias", queries);
    layer.key_bias = read.vector("self_attn.k_proj.bias", keys);
    layer.value_bias = read.vector("self_attn.v_proj.bias", keys);
  }
  layer.output = read.matrix("self_attn.o_proj.weight", c.hidden, queries, dtype);
  layer.output_norm = read.vector("post_attention_layernorm.weight", c.hidden);
  layer.gate = read.matrix("mlp.gate_proj.weight", c.intermediate, c.hidden, dtype);
  layer.up = read.matrix("mlp.up_proj.weight", c.intermediate, c.hidden, dtype);
  layer.down = read.matrix("mlp.down_proj.weight", c.hidden, c.intermediate, dtype);
  return layer;
}

// A folder of an EAGLE head, and the target that it is to sit on.
class Folder {
 public:
  Folder(const fs::path& directory, const HeadTarget& target, EagleWeights& weights)
      : target_(target),
        w_(weights),
        json_(read_json_object(directory / "config.json")),
        place_((directory / "config.json").string()),
        top_(json_, place_),
        nested_(top_.has("eagle_config") ? json_["eagle_config"] : none_, place_ + ": 'eagle_config'"),
        files_(std::make_shared<const TensorFiles>(directory)),
        prefix_(files_->contains("model.fc.weight") ? "model." : ""),
        layer_(prefix_ +
               (files_->contains(prefix_ + "midlayer.self_attn.q_proj.weight") ? "midlayer." : "layers.0.")) {
    w_.third = files_->contains(layer_ + "hidden_norm.weight");
    w_.config = read_eagle_config(directory, kind());
    rows_ = w_.config.vocab;
  }

  void read() {
    check_target();
    w_.owners[0] = files_;
    w_.owners[1] = target_.owner;
    w_.vocab = w_.config.vocab = target_.config.vocab;
    const LlamaConfig& c = w_.config;
    if (w_.third) w_.taps = read_eagle_taps(top_, nested_, target_.config.layers, w_.config.remarks);
    read_fuse();
    const Reader read(*files_, layer_);
    w_.layer = read_layer(read, c, (w_.third ? 2 : 1) * c.hidden, w_.dtype);
    if (w_.third) {
      w_.layer.input_norm = read.vector("input_layernorm.weight", c.hidden);
      w_.state_norm = read.vector("hidden_norm.weight", c.hidden);
      w_.final_norm = Reader(*files_, prefix_).vector("norm.weight", c.hidden);
    }
    read_table();
    read_output();
    files_->refuse_unread(kReader, eagle_unread_tensors(kind()));
  }

 private:
  EagleKind kind() const { return w_.third ? EagleKind::third : EagleKind::first; }

  void check_target() const {
    const auto same = [&](const char* key, int own, int of_target) {
      if (own == of_target) return;
      top_.refuse(fmt::format("'{}' is {}, but the target's is {}; this head belongs to another target", key,
                              own, of_target));
    };
    const LlamaConfig& c = w_.config;
    same("hidden_size", c.hidden, target_.config.hidden);
    check_vocab(top_, rows_, target_, "this head belongs");
    same("truncated_vocab_size", top_.count("truncated_vocab_size", rows_), rows_);
    for (const JsonSettings* settings : {&top_, &nested_})
      same("target_hidden_size", settings->count("target_hidden_size", c.hidden), target_.config.hidden);
    draft_vocab();
    if (c.layers != 1) top_.refuse(fmt::format("'num_hidden_layers' is {}; only 1 can be run", c.layers));
  }

  // 0: the config does not say.
  int draft_vocab() const {
    const int said = top_.count("draft_vocab_size", 0), inside = nested_.count("draft_vocab_size", said);
    if (said > 0 && said != inside) {
      nested_.refuse(fmt::format("'draft_vocab_size' is {}, but {} at the top level; they must say the same",
                                 inside, said));
    }
    if (inside > rows_) {
      top_.refuse(fmt::format("'draft_vocab_size' is {}, but 'vocab_size', which it is a part of, is {}",
                              inside, rows_));
    }
    if (inside > 0 && inside != rows_ && !w_.third) {
      top_.refuse(
          fmt::format("'draft_vocab_size' is {}, but outputs for a part of the vocabulary, of {}, are "
                      "EAGLE-3's, and there "
                      "is no tensor '{}hidden_norm.weight', which its layer has",
                      inside, rows_, layer_));
    }
    return inside;
  }

  // Its bias is there or it is not; EAGLE's code takes `bias` to say so, an older vLLM `eagle_fc_bias`.
  void read_fuse() {
    const std::string name = prefix_ + "fc";
    const int hidden = w_.config.hidden;
    const bool there = files_->contains(name + ".bias");
    for (const char* key : {"bias", "eagle_fc_bias"}) {
      if (!top_.has(key) || top_.flag(key) == there || (w_.third && key == std::string("eagle_fc_bias")))
        continue;
      top_.refuse(fmt::format("'{}' is {}, but tensor '{}.bias' is {}", key, top_.flag(key), name,
                              there ? "there" : "missing"));
    }
    const std::int64_t inputs = (w_.third ? std::int64_t(w_.taps.size()) : 2) * hidden;
    if (inputs > kMaxInputs)
      top_.refuse(fmt::format("'fc' would read {} numbers; at most {} can be run", inputs, kMaxInputs));
    w_.fuse = read_linear(*files_, name, hidden, static_cast<int>(inputs), kReader);
    w_.dtype = w_.fuse.dtype;
  }

  void read_table() {
    w_.table_dtype = target_.dtype;
    w_.table = target_.embedding;
    const std::string name = prefix_ + "embed_tokens.weight";
    if (!files_->contains(name)) return;
    const Tensor table = files_->tensor(name, std::array<std::int64_t, 2>{rows_, w_.config.hidden}, kReader);
    w_.table_dtype = table.dtype;
    w_.table = table.data;
    own_table_ = true;
  }

  // The head's own, or the target's. A head with embeddings of its own and `tie_word_embeddings` might mean
  // these; engines differ.
  void read_output() {
    const int hidden = w_.config.hidden, said = draft_vocab(), known = said > 0 ? said : rows_;
    const bool all = known == rows_;
    w_.output = {target_.dtype, target_.head, w_.vocab, hidden, {}};
    if (files_->contains("lm_head.weight")) {
      w_.output =
          first_outputs(read_linear(*files_, "lm_head", known, hidden, kReader), all ? w_.vocab : known);
    } else if (!all) {
      throw ConfigError(fmt::format(
          "{}: 'draft_vocab_size' is {}, but there is no tensor 'lm_head.weight'; the target's head, which "
          "would stand in, has {} tokens",
          place_, known, w_.vocab));
    } else if (w_.third && w_.config.tied && own_table_) {
      top_.refuse(
          "'tie_word_embeddings' is true, and there are embeddings but no 'lm_head.weight': SGLang would "
          "take the embeddings for it, vLLM the target's head; add the tensor, or set it to false for the "
          "latter");
    }
    if (!all)
      read_map(known);
    else if (w_.third && files_->contains("d2t"))
      check_identity();
  }

  void read_map(int known) {
    w_.target_token = read_target_tokens(*files_, known, rows_, place_, kReader);
    for (std::size_t i = 0; i < w_.target_token.size(); ++i) {
      if (w_.target_token[i] < w_.vocab) continue;
      throw ConfigError(
          fmt::format("{}: tensor 'd2t' maps token {} of the draft to {}, but the target has {} tokens",
                      place_, i, w_.target_token[i], w_.vocab));
    }
  }

  // EAGLE's own code drops the map of a whole vocabulary, engines follow it.
  void check_identity() const {
    const std::vector<Token> tokens = read_target_tokens(*files_, rows_, rows_, place_, kReader);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i] == static_cast<Token>(i)) continue;
      throw ConfigError(fmt::format(
          "{}: the draft's vocabulary is the target's, but tensor 'd2t' maps token {} to {}; EAGLE's code "
          "would not follow it, engines would",
          place_, i, tokens[i]));
    }
  }

  static constexpr std::int64_t kMaxInputs = 1 << 28;

  const HeadTarget& target_;
  EagleWeights& w_;
  const nlohmann::json none_ = nlohmann::json::object(), json_;
  std::string place_;
  JsonSettings top_, nested_;
  std::shared_ptr<const TensorFiles> files_;
  std::string prefix_, layer_;  // of names
  bool own_table_ = false;
  int rows_ = 0;  // of how many tokens, of which the target's are the first
};

}  // namespace

EagleWeights load_eagle(const fs::path& directory, const HeadTarget& target) {
  EagleWeights weights;
  Folder(directory, target, weights).read();
  return weights;
}

}  // namespace speclab
