#include "core/models/tensor_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/errors.h"

namespace speclab {
namespace fs = std::filesystem;

TensorFiles::TensorFiles(const fs::path& directory, std::span<const char* const> files)
    : directory_(directory) {
  for (const char* name : files) {
    if (!fs::exists(directory / name)) continue;
    files_.push_back(std::make_unique<Safetensors>(directory / name));
    return;
  }
  const fs::path index = directory / "model.safetensors.index.json";
  std::ifstream file(index);
  if (!file) {
    throw ConfigError(fmt::format("{}: has neither {} nor model.safetensors.index.json", directory.string(),
                                  fmt::join(files, " nor ")));
  }
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    throw ConfigError(fmt::format("{}: has no 'weight_map' object", index.string()));
  }
  std::map<std::string, const Safetensors*> opened;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    if (!shard.is_string()) {
      throw ConfigError(
          fmt::format("{}: 'weight_map' names no file for tensor '{}'", index.string(), tensor));
    }
    const Safetensors*& found = opened[shard.get<std::string>()];
    if (!found) {
      const fs::path path = directory / shard.get<std::string>();
      if (!fs::exists(path)) {
        throw ConfigError(fmt::format("{}: is missing; {} names it for tensor '{}'", path.string(),
                                      index.filename().string(), tensor));
      }
      files_.push_back(std::make_unique<Safetensors>(path));
      found = files_.back().get();
    }
    shard_of_[tensor] = found;
  }
}

const Safetensors* TensorFiles::file_of(const std::string& name) const {
  if (shard_of_.empty())
    return !files_.empty() && files_.front()->contains(name) ? files_.front().get() : nullptr;
  const auto found = shard_of_.find(name);
  return found != shard_of_.end() && found->second->contains(name) ? found->second : nullptr;
}

const Safetensors& TensorFiles::needed(const std::string& name, std::span<const std::int64_t> shape,
                                       const std::string& reader) const {
  if (const Safetensors* file = file_of(name)) return *file;
  const auto shard = shard_of_.find(name);
  const fs::path place = shard != shard_of_.end()               ? shard->second->path()
                         : !shard_of_.empty() || files_.empty() ? directory_ / "model.safetensors.index.json"
                                                                : files_.front()->path();
  throw ConfigError(fmt::format("{}: has no tensor '{}', which {} of this config needs, of shape {}{}",
                                place.string(), name, reader, shape_text(shape),
                                name == "lm_head.weight" ? " (unless tie_word_embeddings is true)" : ""));
}

Tensor TensorFiles::tensor(const std::string& name, std::span<const std::int64_t> shape,
                           const std::string& reader) const {
  const Safetensors& file = needed(name, shape, reader);
  Tensor tensor = file.tensor(name);
  const std::string place = fmt::format("{}: tensor '{}'", file.path().string(), name);
  if (!std::ranges::equal(tensor.shape, shape)) {
    throw ConfigError(fmt::format("{} has shape {}; config.json asks for {}", place, shape_text(tensor.shape),
                                  shape_text(shape)));
  }
  if (const std::int64_t index = tensor.first_not_finite(); index >= 0) {
    throw ConfigError(
        fmt::format("{} holds {} at index {}; all weights must be finite", place, tensor.at(index), index));
  }
  return tensor;
}

std::vector<std::int64_t> TensorFiles::integers(const std::string& name, std::int64_t count,
                                                const std::string& reader) const {
  const std::array<std::int64_t, 1> shape{count};
  const Safetensors& file = needed(name, shape, reader);
  std::vector<std::int64_t> values = file.integers(name);
  if (static_cast<std::int64_t>(values.size()) != count) {
    throw ConfigError(fmt::format("{}: tensor '{}' has {} numbers; config.json asks for {}",
                                  file.path().string(), name, values.size(), count));
  }
  return values;
}

}  // namespace speclab
