#include "kernels/cpu/head_weights.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "core/models/json_settings.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

// A folder of heads, and the target that they are to sit on.
struct HeadFolder {
  HeadFolder(const fs::path& directory, const char* file, const HeadTarget& target)
      : config(read_json_object(directory / "config.json")),
        settings(config, (directory / "config.json").string()),
        files(directory, std::vector<const char*>{file, "model.safetensors"}) {
    const auto same = [&](const char* key, int of_target) {
      if (!settings.has(key) || settings.count(key) == of_target) return;
      settings.refuse(fmt::format("'{}' is {}, but the target's is {}; these heads belong to another target",
                                  key, settings.count(key), of_target));
    };
    same("hidden_size", target.config.hidden);
    same("vocab_size", target.config.vocab);
  }

  // What all heads have in common.
  HeadWeights start(const HeadTarget& target, std::shared_ptr<const HeadFolder> self) const {
    HeadWeights weights;
    weights.hidden = target.config.hidden;
    weights.vocab = target.config.vocab;
    weights.table_dtype = target.dtype;
    weights.table = target.embedding;
    weights.owners[0] = std::move(self);
    weights.owners[1] = target.owner;
    return weights;
  }

  // The first of the names that the files have as a matrix; the first of all where they have none, so that it
  // is reported as missing.
  std::string first_of(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      if (files.contains(name + ".weight")) return name;
    }
    return names.front();
  }

  // The first of these output matrices; the target's where there is none of them.
  Linear output(const std::vector<std::string>& names, const HeadTarget& target, const char* reader) const {
    const std::string name = first_of(names);
    const int vocab = target.config.vocab, hidden = target.config.hidden;
    if (files.contains(name + ".weight")) return read_linear(files, name, vocab, hidden, reader);
    return {target.dtype, target.head, vocab, hidden, {}};
  }

  const nlohmann::json config;
  JsonSettings settings;
  TensorFiles files;
};

}  // namespace

HeadWeights load_medusa(const fs::path& directory, const HeadTarget& target) {
  const auto folder = std::make_shared<const HeadFolder>(directory, "medusa_lm_head.safetensors", target);
  const JsonSettings& settings = folder->settings;
  const char* reader = "every Medusa head";
  const int heads = settings.count(settings.has("medusa_num_heads") ? "medusa_num_heads" : "num_heads");
  const int layers =
      settings.count(settings.has("medusa_num_layers") ? "medusa_num_layers" : "num_hidden_layers", 1);
  const int vocab = target.config.vocab, hidden = target.config.hidden;
  if (folder->files.contains("token_map") || settings.count("truncated_vocab_size", vocab) != vocab) {
    settings.refuse("'truncated_vocab_size' and 'token_map', heads on part of the vocabulary, cannot be run");
  }
  HeadWeights weights = folder->start(target, folder);
  for (int i = 0; i < heads; ++i) {
    // All spellings of a module of this head, as the reference has it and as vLLM has it.
    const auto names = [&](const std::string& reference, const std::string& vllm) {
      return std::vector<std::string>{
          fmt::format("{}.{}", i, reference), fmt::format("medusa_head.{}.{}", i, reference),
          fmt::format("medusa_heads.{}.{}", i, reference), vllm, "medusa_heads." + vllm};
    };
    HeadWeights::Head head;
    for (int j = 0; j < layers; ++j) {
      const std::string name =
          folder->first_of(names(fmt::format("{}.linear", j), fmt::format("blocks.{}.layers.{}", i, j)));
      head.blocks.push_back({read_linear(folder->files, name, hidden, hidden, reader), {}});
    }
    std::vector<std::string> outputs = names(fmt::format("{}", layers), fmt::format("lm_heads.{}", i));
    outputs.insert(outputs.end(), {"lm_head", "medusa_heads.lm_head"});
    head.output = folder->output(outputs, target, reader);
    weights.heads.push_back(std::move(head));
  }
  return weights;
}

HeadWeights load_hydra(const fs::path& directory, const HeadTarget& target) {
  const auto folder = std::make_shared<const HeadFolder>(directory, "hydra_lm_head.safetensors", target);
  const JsonSettings& settings = folder->settings;
  const char* reader = "every Hydra head";
  const int heads = settings.count("hydra_num_heads"), layers = settings.count("hydra_num_layers", 1);
  const std::string kind = settings.text("hydra_head_arch", "mlp");
  if (kind != "mlp") settings.refuse(fmt::format("'hydra_head_arch' is '{}'; only mlp can be run", kind));
  if (settings.has("grounded_heads") && !settings.flag("grounded_heads")) {
    settings.refuse("'grounded_heads' is false; only heads that read the drafted tokens can be run");
  }
  if (settings.has("hidden_state_offset") && settings.at("hidden_state_offset") != 0) {
    settings.refuse(fmt::format("'hidden_state_offset' is {}; only 0, the last layer, can be run",
                                settings.at("hidden_state_offset").dump()));
  }
  const int hidden = target.config.hidden;
  HeadWeights weights = folder->start(target, folder);
  weights.reads_tokens = true;
  const auto names = [](const std::string& name) {
    return std::vector<std::string>{name, "hydra_head." + name};
  };
  const bool dropouts = !folder->files.contains(folder->first_of(names("hydra_mlp.0.0.linear")) + ".weight");
  for (int i = 0; i < heads; ++i) {
    HeadWeights::Head head;
    for (int j = 0; j < layers; ++j) {
      const std::string block = fmt::format("hydra_mlp.{}.{}.", i, dropouts ? 2 * j + 1 : j);
      const int inputs = j == 0 ? (i + 2) * hidden : hidden;
      const auto read = [&](const char* module) {
        return read_linear(folder->files, folder->first_of(names(block + module)), hidden, inputs, reader);
      };
      head.blocks.push_back({read("linear"), j == 0 ? read("res_connection") : Linear{}});
    }
    std::vector<std::string> outputs = names(fmt::format("hydra_lm_head.{}", i));
    for (const std::string& name : names(fmt::format("hydra_lm_head.{}.1", i))) outputs.push_back(name);
    head.output = folder->output(outputs, target, reader);
    weights.heads.push_back(std::move(head));
  }
  return weights;
}

}  // namespace speclab
