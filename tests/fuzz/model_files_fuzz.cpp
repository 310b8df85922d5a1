// Files of models: weights, configs, tokenizers, heads.
#include <fmt/format.h>

#include "core/errors.h"
#include "core/models/checkpoint/checkpoint.h"
#include "core/models/tokenizer/tokenizer.h"
#include "kernels/llama/eagle_weights.h"
#include "kernels/llama/head_weights.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/support/tiny_checkpoint.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxElements = 1 << 16;  // of a tensor that is looked at

fs::path folder(const char* name) {
  const fs::path path = fuzz_folder() / name;
  fs::create_directories(path);
  return path;
}

// What heads sit on: a tiny target whose matrices lie elsewhere.
const HeadTarget& head_target() {
  static const HeadTarget target = [] {
    LlamaConfig config;
    config.hidden = 8;
    config.intermediate = 12;
    config.layers = 6;
    config.heads = 2;
    config.kv_heads = 1;
    config.head_dim = 4;
    config.vocab = 16;
    config.max_positions = 64;
    return HeadTarget(config, Dtype::f32);
  }();
  return target;
}

template <class Load>
void load_head(const char* name, std::string_view bytes, const Load& load) {
  const fs::path place = folder(name);
  const TwoFiles files = two_files(bytes);
  write_bytes(place / "config.json", files.first);
  write_bytes(place / "model.safetensors", files.second);
  try {
    load(place, head_target());
  } catch (const ConfigError&) {
    return;
  }
}

}  // namespace

void fuzz_safetensors(std::string_view bytes) {
  const fs::path file = folder("weights") / "model.safetensors";
  write_bytes(file, bytes);
  try {
    const Safetensors tensors(file);
    for (const std::string& name : tensors.names()) {
      try {
        const Tensor tensor = tensors.tensor(name);
        if (tensor.elements() <= kMaxElements) tensor.first_not_finite();
      } catch (const ConfigError&) {
        continue;
      }
    }
    for (const std::string& name : tensors.names()) tensors.integers(name);
  } catch (const ConfigError&) {
    return;
  }
}

void fuzz_index(std::string_view bytes) {
  static const fs::path place = [] {
    const fs::path made = folder("index");
    for (const char* shard : {"a.safetensors", "b.safetensors"}) {
      StoredTensor tensor{std::string(1, shard[0]), Dtype::f32, {2}, std::vector<std::byte>(8)};
      write_safetensors(made / shard, {tensor});
    }
    return made;
  }();
  write_bytes(place / "model.safetensors.index.json", bytes);
  try {
    const TensorFiles files(place);
    const std::int64_t shape[] = {2};
    files.tensor("a", shape, "a test");
    files.tensor("b", shape, "a test");
    files.refuse_unread("a test", {});
  } catch (const ConfigError&) {
    return;
  }
}

void fuzz_tokenizer(std::string_view bytes) {
  const fs::path file = folder("tokenizer") / "tokenizer.json";
  const TwoFiles files = two_files(bytes);
  write_bytes(file, files.first);
  try {
    const Tokenizer tokenizer = Tokenizer::load(file);
    const std::string prompt = files.second.empty() ? "Hello, w\xc3\xb6rld  12\n" : std::string(files.second);
    tokenizer.decode(tokenizer.encode(prompt, true), true);
  } catch (const ConfigError&) {
    return;
  }
}

void fuzz_model_config(std::string_view bytes) {
  const fs::path place = folder("config");
  const TwoFiles files = two_files(bytes);
  write_bytes(place / "config.json", files.first);
  if (files.second.empty())
    fs::remove(place / "generation_config.json");
  else
    write_bytes(place / "generation_config.json", files.second);
  constexpr LlamaConfig (*kReaders[])(const fs::path&) = {
      read_llama_config, [](const fs::path& at) { return read_eagle_config(at, EagleKind::first); },
      [](const fs::path& at) { return read_eagle_config(at, EagleKind::third); }};
  for (const auto read : kReaders) {
    try {
      read(place);
    } catch (const ConfigError&) {
      continue;
    }
  }
}

void fuzz_medusa(std::string_view bytes) { load_head("medusa", bytes, load_medusa); }
void fuzz_hydra(std::string_view bytes) { load_head("hydra", bytes, load_hydra); }
void fuzz_eagle(std::string_view bytes) { load_head("eagle", bytes, load_eagle); }

}  // namespace speclab
