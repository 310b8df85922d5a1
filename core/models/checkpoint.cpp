#include "core/models/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/errors.h"

namespace speclab {
namespace fs = std::filesystem;

Checkpoint::Checkpoint(const fs::path& directory) : directory_(directory) {
  if (!fs::is_directory(directory)) {
    throw ConfigError(
        fmt::format("{}: is not a directory; a model is a directory with config.json and "
                    "model.safetensors",
                    directory.string()));
  }
  config_ = read_llama_config(directory);
  const fs::path single = directory / "model.safetensors";
  const fs::path index = directory / "model.safetensors.index.json";
  if (fs::exists(single)) {
    files_.push_back(std::make_unique<Safetensors>(single));
    return;
  }
  std::ifstream file(index);
  if (!file) {
    throw ConfigError(fmt::format("{}: has neither model.safetensors nor model.safetensors.index.json",
                                  directory.string()));
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
    file_of_[tensor] = found;
  }
}

Tensor Checkpoint::tensor(const std::string& name, std::span<const std::int64_t> shape) const {
  const Safetensors* file = files_.empty() ? nullptr : files_.front().get();
  if (!file_of_.empty() || !file) {
    const auto found = file_of_.find(name);
    file = found == file_of_.end() ? nullptr : found->second;
  }
  if (!file || !file->contains(name)) {
    const std::string place =
        file ? file->path().string() : (directory_ / "model.safetensors.index.json").string();
    throw ConfigError(fmt::format("{}: has no tensor '{}', which {} of this config needs, of shape {}{}",
                                  place, name, config_.architecture, shape_text(shape),
                                  name == "lm_head.weight" ? " (unless tie_word_embeddings is true)" : ""));
  }
  Tensor tensor = file->tensor(name);
  const std::string place = fmt::format("{}: tensor '{}'", file->path().string(), name);
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

}  // namespace speclab
