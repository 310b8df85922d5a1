#include "kernels/llama/head_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "core/errors.h"
#include "core/models/checkpoint/head_keys.h"
#include "core/settings/json_settings.h"
#include "kernels/llama/head_outputs.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

// A folder of heads, and the target that they are to sit on.
struct HeadFolder {
  HeadFolder(const fs::path& directory, const char* file, const HeadTarget& target,
             std::span<const KeyTable> keys)
      : config(read_json_object(directory / "config.json")),
        settings(config, (directory / "config.json").string()),
        files(directory, std::vector<const char*>{file, "model.safetensors"}) {
    check_keys(config, (directory / "config.json").string(), keys, remarks);
    const auto same = [&](const char* key, int of_target) {
      if (!settings.has(key) || settings.count(key) == of_target) return;
      settings.refuse(fmt::format("'{}' is {}, but the target's is {}; these heads belong to another target",
                                  key, settings.count(key), of_target));
    };
    same("hidden_size", target.config.hidden);
    rows = settings.count("vocab_size", static_cast<int>(rows_of_outputs(files, settings)));
    if (rows == 0) rows = target.config.vocab;
    check_vocab(settings, rows, target, "these heads belong");
  }

  // The first of the names that the files have as a matrix; the first of all where they have none, so that it
  // is reported as missing.
  std::string first_of(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      if (files.contains(name + ".weight")) return name;
    }
    return names.front();
  }
  bool any_of(const std::vector<std::string>& names) const {
    return files.contains(first_of(names) + ".weight");
  }

  const nlohmann::json config;
  JsonSettings settings;
  TensorFiles files;
  int rows = 0;  // of output matrices, of which the target's are the first
  std::vector<std::string> remarks;
};

// The names of a module of head i, as folders spell it.
using NamesOf = std::function<std::vector<std::string>(int)>;

constexpr int kMaxHeads = 64;  // no product of theirs with a width is then near the end of an int

// How many heads lie in a folder that `first` names a part of each of. ConfigError where the config says
// more; a remark where it says less.
int count_heads(HeadFolder& folder, const char* key, const NamesOf& first) {
  const int said = folder.settings.count(key);
  int lie = 0;
  while (folder.any_of(first(lie))) ++lie;
  if (std::max(lie, said) > kMaxHeads) {
    folder.settings.refuse(
        fmt::format("'{}' is {}, and {} heads are there; at most {} can be run", key, said, lie, kMaxHeads));
  }
  if (lie == 0) return said;  // the first is reported as missing
  if (said > lie) {
    folder.settings.refuse(fmt::format("'{}' is {}, but {} head{} there (there is no tensor '{}.weight')",
                                       key, said, lie, lie == 1 ? " is" : "s are", first(lie).front()));
  }
  if (said < lie) {
    folder.remarks.push_back(fmt::format(
        "'{}' of the heads' config.json is {}, but {} heads are there; drafter.heads says how many guess, "
        "which is {} where it is left out",
        key, said, lie, said));
  }
  return lie;
}

// The heads' output matrices: each its own, or `shared` where that is a name, or, in folders of before heads
// had their own, the target's. ConfigError where some heads lack theirs.
void read_outputs(const HeadFolder& folder, const NamesOf& own, const std::string& shared,
                  const HeadTarget& target, const char* reader, std::vector<HeadWeights::Head>& heads) {
  const int vocab = target.config.vocab, hidden = target.config.hidden;
  std::string has, lacks;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const std::string name = folder.first_of(own(static_cast<int>(i)));
    (folder.files.contains(name + ".weight") ? has : lacks) = name;
  }
  if (shared.empty() && !has.empty() && !lacks.empty()) {
    folder.settings.refuse(fmt::format(
        "the heads' files have an output matrix '{}.weight', but no '{}.weight'; all heads have one, or none "
        "has and the target's head stands in",
        has, lacks));
  }
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const std::string name = shared.empty() ? folder.first_of(own(static_cast<int>(i))) : shared;
    heads[i].output =
        shared.empty() && has.empty()
            ? Linear{target.dtype, target.head, vocab, hidden, {}}
            : first_outputs(read_linear(folder.files, name, folder.rows, hidden, reader), vocab);
  }
}

// ConfigError where some modules of one kind have a bias and others have none.
void check_biases(const HeadFolder& folder, const std::vector<HeadWeights::Head>& heads) {
  const auto check = [&](const char* what, const auto& module_of) {
    const Linear& first = module_of(heads.front());
    for (std::size_t i = 0; i < heads.size(); ++i) {
      if (module_of(heads[i]).bias.empty() == first.bias.empty()) continue;
      folder.settings.refuse(fmt::format("{} of head 0 has {} bias, but that of head {} has {}", what,
                                         first.bias.empty() ? "no" : "a", i,
                                         first.bias.empty() ? "one" : "none"));
    }
  };
  for (std::size_t j = 0; j < heads.front().blocks.size(); ++j) {
    const std::string name = fmt::format("block {}", j);
    check(name.c_str(), [&](const auto& head) -> const Linear& { return head.blocks[j].linear; });
    check((name + "'s residual matrix").c_str(),
          [&](const auto& head) -> const Linear& { return head.blocks[j].residual; });
  }
  check("the output", [](const auto& head) -> const Linear& { return head.output; });
}

// What all heads have in common. The files live as long as the weights.
HeadWeights finish(std::shared_ptr<const HeadFolder> folder, const HeadTarget& target, int usual,
                   std::vector<HeadWeights::Head> heads) {
  HeadWeights weights;
  weights.heads = std::move(heads);
  weights.usual = usual;
  weights.remarks = folder->remarks;
  weights.hidden = target.config.hidden;
  weights.vocab = target.config.vocab;
  weights.table_dtype = target.dtype;
  weights.table = target.embedding;
  weights.owners[0] = std::move(folder);
  weights.owners[1] = target.owner;
  return weights;
}

// Which of two names of one number the config has: the reference's, or vLLM's.
const char* either(const JsonSettings& settings, const char* reference, const char* vllm) {
  if (!settings.has(reference)) return vllm;
  if (settings.has(vllm) && settings.count(vllm) != settings.count(reference)) {
    settings.refuse(fmt::format("'{}' is {}, but '{}' is {}; they must say the same", vllm,
                                settings.count(vllm), reference, settings.count(reference)));
  }
  return reference;
}

// vLLM's config says whether blocks have biases; elsewhere they have them or they have not.
void check_block_bias(const HeadFolder& folder, const Linear& linear) {
  const char* key = "medusa_fc_bias";
  if (!folder.settings.has(key) || folder.settings.flag(key) == !linear.bias.empty()) return;
  folder.settings.refuse(fmt::format("'{}' is {}, but the blocks have {}", key, folder.settings.flag(key),
                                     linear.bias.empty() ? "no biases" : "biases"));
}

}  // namespace

HeadWeights load_medusa(const fs::path& directory, const HeadTarget& target) {
  const auto folder =
      std::make_shared<HeadFolder>(directory, "medusa_lm_head.safetensors", target, medusa_keys());
  const JsonSettings& settings = folder->settings;
  const char* reader = "a Medusa head";
  either(settings, "medusa_num_layers", "num_hidden_layers");
  const int layers = medusa_layers(settings);
  const int vocab = target.config.vocab, hidden = target.config.hidden;
  if (folder->files.contains("token_map") || settings.count("truncated_vocab_size", vocab) != vocab) {
    settings.refuse("'truncated_vocab_size' and 'token_map', heads on part of the vocabulary, cannot be run");
  }
  // All spellings of a module of a head, as the reference has it and as vLLM has it.
  const auto names = [](int i, const std::string& reference, const std::string& vllm) {
    return std::vector<std::string>{
        fmt::format("{}.{}", i, reference), fmt::format("medusa_head.{}.{}", i, reference),
        fmt::format("medusa_heads.{}.{}", i, reference), vllm, "medusa_heads." + vllm};
  };
  const auto block = [&](int i, int j) {
    return names(i, fmt::format("{}.linear", j), fmt::format("blocks.{}.layers.{}", i, j));
  };
  const auto output = [&](int i) { return medusa_outputs(i, layers); };
  const char* key = either(settings, "medusa_num_heads", "num_heads");
  const int count = count_heads(*folder, key, [&](int i) { return block(i, 0); });
  std::vector<HeadWeights::Head> heads(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < layers; ++j) {
      const std::string name = folder->first_of(block(i, j));
      heads[i].blocks.push_back({read_linear(folder->files, name, hidden, hidden, reader), {}});
    }
  }
  // vLLM keeps one output for all heads as that of head 0, if `original_lm_head` says so.
  const std::vector<std::string> one = shared_outputs();
  std::string shared;
  if (folder->any_of(one)) {
    shared = folder->first_of(one);
  } else if (settings.flag("original_lm_head") && folder->any_of(output(0))) {
    shared = folder->first_of(output(0));
  }
  read_outputs(*folder, output, shared, target, reader, heads);
  check_biases(*folder, heads);
  check_block_bias(*folder, heads.front().blocks.front().linear);
  folder->files.refuse_unread(reader, medusa_unread_tensors());
  return finish(folder, target, settings.count(key), std::move(heads));
}

HeadWeights load_hydra(const fs::path& directory, const HeadTarget& target) {
  const auto folder =
      std::make_shared<HeadFolder>(directory, "hydra_lm_head.safetensors", target, hydra_keys());
  const JsonSettings& settings = folder->settings;
  const char* reader = "a Hydra head";
  const int layers = settings.count("hydra_num_layers", 1);
  const std::string kind = settings.text("hydra_head_arch", "mlp");
  if (kind != "mlp") settings.refuse(fmt::format("'hydra_head_arch' is '{}'; only mlp can be run", kind));
  const int hidden = target.config.hidden;
  const auto names = [](const std::string& name) {
    return std::vector<std::string>{name, "hydra_head." + name};
  };
  // Modules may be counted with the dropouts between them.
  const bool dropouts = !folder->any_of(names("hydra_mlp.0.0.linear"));
  const auto module = [&](int i, int j, const char* name) {
    return names(fmt::format("hydra_mlp.{}.{}.{}", i, dropouts ? 2 * j + 1 : j, name));
  };
  const auto output = [](int i) { return hydra_outputs(i); };
  const char* key = "hydra_num_heads";
  const int count = count_heads(*folder, key, [&](int i) { return module(i, 0, "linear"); });
  std::vector<HeadWeights::Head> heads(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < layers; ++j) {
      const int inputs = j == 0 ? (i + 2) * hidden : hidden;
      const auto read = [&](const char* name) {
        return read_linear(folder->files, folder->first_of(module(i, j, name)), hidden, inputs, reader);
      };
      heads[i].blocks.push_back({read("linear"), j == 0 ? read("res_connection") : Linear{}});
    }
  }
  read_outputs(*folder, output, "", target, reader, heads);
  const bool borrowed = !folder->any_of(output(0));
  if (settings.has("shared_lm_head") && settings.flag("shared_lm_head") != borrowed) {
    settings.refuse(fmt::format("'shared_lm_head' is {}, but the heads have {}",
                                settings.flag("shared_lm_head"),
                                borrowed ? "no outputs of their own" : "outputs of their own"));
  }
  check_biases(*folder, heads);
  folder->files.refuse_unread(reader, hydra_unread_tensors());
  HeadWeights weights = finish(folder, target, settings.count(key), std::move(heads));
  weights.reads_tokens = true;
  return weights;
}

}  // namespace speclab
