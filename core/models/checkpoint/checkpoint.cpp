#include "core/models/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <vector>

#include "core/check.h"
#include "core/errors.h"

namespace speclab {
namespace {

const std::filesystem::path& existing(const std::filesystem::path& directory) {
  if (std::filesystem::is_directory(directory)) return directory;
  throw ConfigError(
      fmt::format("{}: is not a directory; a model is a directory with config.json and "
                  "model.safetensors",
                  directory.string()));
}

}  // namespace

Checkpoint::Checkpoint(const std::filesystem::path& directory, int vocab)
    : directory_(existing(directory)),
      config_(read_llama_config(directory)),
      stored_vocab_(config_.vocab),
      files_(directory) {
  SPECLAB_CHECK(vocab <= stored_vocab_, "{} tokens of {}", vocab, stored_vocab_);
  if (vocab > 0) config_.vocab = vocab;
  if (std::filesystem::exists(directory / "model.safetensors") &&
      std::filesystem::exists(directory / "model.safetensors.index.json")) {
    config_.remarks.push_back(
        fmt::format("{}: has both model.safetensors and model.safetensors.index.json; read is the former, as "
                    "transformers "
                    "does, and the shards that the latter names are not",
                    directory.string()));
  }
}

template <class Ask>
Tensor Checkpoint::cut(const std::string& name, std::span<const std::int64_t> shape, const Ask& ask) const {
  if (name != "model.embed_tokens.weight" && name != "lm_head.weight") return ask(shape);
  std::vector<std::int64_t> stored(shape.begin(), shape.end());
  if (stored.front() == config_.vocab) stored.front() = stored_vocab_;
  Tensor tensor = ask(stored);
  tensor.shape.assign(shape.begin(), shape.end());  // the first rows
  return tensor;
}

Tensor Checkpoint::tensor(const std::string& name, std::span<const std::int64_t> shape) const {
  return cut(name, shape, [&](std::span<const std::int64_t> stored) {
    return files_.tensor(name, stored, config_.architecture);
  });
}

Tensor Checkpoint::unchecked_tensor(const std::string& name, std::span<const std::int64_t> shape) const {
  return cut(name, shape, [&](std::span<const std::int64_t> stored) {
    return files_.unchecked_tensor(name, stored, config_.architecture);
  });
}

}  // namespace speclab
