#include "core/models/checkpoint/tensor_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/errors.h"
#include "core/models/checkpoint/pickled_weights.h"
#include "core/settings/json_settings.h"

namespace speclab {
namespace fs = std::filesystem;

namespace {

constexpr const char* kIndex = "model.safetensors.index.json";

// ConfigError unless it lies in the index's folder or below.
void check_shard_name(const fs::path& index, const std::string& tensor, const std::string& shard) {
  const fs::path path(shard);
  const bool up = std::ranges::find(path, fs::path("..")) != path.end();
  const bool hidden = shard.find('\0') != std::string::npos;
  if (!shard.empty() && path.is_relative() && !up && !hidden) return;
  throw ConfigError(
      fmt::format("{}: 'weight_map' names \"{}\" for tensor '{}'; shards must lie in the index's own folder",
                  index.string(), shard, tensor));
}

// How pickled weights become one of the files that are looked for, the last of them unless one has the
// pickle's name; empty where there are none. It needs no code of the model, as heads have none in
// transformers.
std::string cure(const fs::path& folder, std::span<const char* const> files) {
  const std::vector<std::string> pickled = pickled_weights(folder);
  if (pickled.empty()) return "";
  std::string written = files.back();
  std::vector<std::string> paths;
  for (const std::string& name : pickled) {
    paths.push_back(fmt::format("'{}'", (folder / name).string()));
    const std::string same = fs::path(name).stem().string() + ".safetensors";
    if (std::ranges::find(files, same) != files.end()) written = same;
  }
  return fmt::format(
      "; its weights are as PyTorch pickles them ({}): where torch and safetensors are installed, python3 -c "
      "\"import torch; from safetensors.torch import save_file; save_file({{k: v.clone().contiguous() for f "
      "in "
      "[{}] for k, v in torch.load(f, map_location='cpu', weights_only=True).items()}}, '{}')\" writes {}",
      fmt::join(pickled, ", "), fmt::join(paths, ", "), (folder / written).string(), written);
}

// Whether the name is no layer's, or of one that something was read of.
bool layer_is_read(const std::string& name, const std::set<std::string>& read) {
  const std::size_t at = name.starts_with("layers.") ? 0 : name.find(".layers.") + 1;
  if (at == 0 && !name.starts_with("layers.")) return true;
  const std::size_t number = at + std::string_view("layers.").size(), end = name.find('.', number);
  if (end == std::string::npos) return true;
  const std::string layer = name.substr(0, end + 1);
  const auto first = read.lower_bound(layer);
  return first != read.end() && first->starts_with(layer);
}

}  // namespace

TensorFiles::TensorFiles(const fs::path& directory, std::span<const char* const> files)
    : directory_(directory) {
  for (const char* name : files) {
    if (!fs::exists(directory / name)) continue;
    files_.push_back(std::make_unique<Safetensors>(directory / name));
    return;
  }
  const fs::path index = directory / kIndex;
  if (!fs::exists(index)) {
    throw ConfigError(fmt::format("{}: has neither {} nor {}{}", directory.string(),
                                  fmt::join(files, " nor "), kIndex, cure(directory, files)));
  }
  open_shards(index);
}

void TensorFiles::open_shards(const fs::path& index) {
  const nlohmann::json json = read_json_object(index);
  if (!json.contains("weight_map") || !json["weight_map"].is_object()) {
    throw ConfigError(fmt::format("{}: has no 'weight_map' object", index.string()));
  }
  std::map<std::string, const Safetensors*> opened;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    if (!shard.is_string()) {
      throw ConfigError(
          fmt::format("{}: 'weight_map' names no file for tensor '{}'", index.string(), tensor));
    }
    const std::string name = shard.get<std::string>();
    const Safetensors*& found = opened[name];
    if (!found) {
      check_shard_name(index, tensor, name);
      const fs::path path = directory_ / name;
      if (!fs::exists(path)) {
        throw ConfigError(
            fmt::format("{}: is missing; {} names it for tensor '{}'", path.string(), kIndex, tensor));
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

std::int64_t TensorFiles::rows_of(const std::string& name) const {
  const Safetensors* file = file_of(name);
  if (file == nullptr) return 0;
  const std::vector<std::int64_t> shape = file->tensor(name).shape;
  return shape.empty() ? 0 : shape.front();
}

const Safetensors& TensorFiles::needed(const std::string& name, std::span<const std::int64_t> shape,
                                       const std::string& reader) const {
  read_.insert(name);
  if (const Safetensors* file = file_of(name)) return *file;
  const auto shard = shard_of_.find(name);
  const fs::path place = shard != shard_of_.end()               ? shard->second->path()
                         : !shard_of_.empty() || files_.empty() ? directory_ / kIndex
                                                                : files_.front()->path();
  throw ConfigError(fmt::format("{}: has no tensor '{}', which {} of this config needs, of shape {}{}",
                                place.string(), name, reader, shape_text(shape),
                                name == "lm_head.weight" ? " (unless tie_word_embeddings is true)" : ""));
}

Tensor TensorFiles::unchecked_tensor(const std::string& name, std::span<const std::int64_t> shape,
                                     const std::string& reader) const {
  const Safetensors& file = needed(name, shape, reader);
  Tensor tensor = file.tensor(name);
  if (!std::ranges::equal(tensor.shape, shape)) {
    throw ConfigError(fmt::format("{}: tensor '{}' has shape {}; config.json asks for {}",
                                  file.path().string(), name, shape_text(tensor.shape), shape_text(shape)));
  }
  return tensor;
}

Tensor TensorFiles::tensor(const std::string& name, std::span<const std::int64_t> shape,
                           const std::string& reader) const {
  Tensor tensor = unchecked_tensor(name, shape, reader);
  if (const std::int64_t index = tensor.first_not_finite(); index >= 0) {
    throw ConfigError(fmt::format("{}: tensor '{}' holds {} at index {}; all weights must be finite",
                                  file_of(name)->path().string(), name, tensor.at(index), index));
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

void TensorFiles::refuse_unread(const std::string& reader, std::span<const TensorTable> known) const {
  constexpr std::size_t kShown = 3;
  std::vector<std::string> shown;
  std::vector<std::string> causes;
  std::set<std::string> met;
  const auto meet = [&](const std::string& name, const std::string& where) {
    const KnownTensor* entry = find_tensor(known, name, layer_is_read(name, read_));
    if ((entry != nullptr && entry->fate == TensorFate::inert) || !met.insert(name).second) return;
    if (shown.size() < kShown) shown.push_back(fmt::format("'{}'{}", name, where));
    if (entry != nullptr && std::ranges::find(causes, entry->why) == causes.end())
      causes.emplace_back(entry->why);
  };
  for (const auto& file : files_) {
    const std::string place = file->path().filename().string();
    for (const std::string& name : file->names()) {
      if (file_of(name) != file.get()) {
        meet(name, fmt::format(" (in {}, where the index does not have it)", place));
      } else if (!read_.contains(name)) {
        meet(name, "");
      }
    }
  }
  for (const auto& [name, shard] : shard_of_) {
    if (!shard->contains(name)) {
      meet(name, fmt::format(" (which the index has in {}, but that file has not)",
                             shard->path().filename().string()));
    }
  }
  if (met.empty()) return;
  const std::string more =
      met.size() > shown.size() ? fmt::format(" and {} more", met.size() - shown.size()) : "";
  throw ConfigError(fmt::format(
      "{}: holds {} tensor{} that {} of this config does not read, so it would not be the model that it "
      "is: {}{}{}{}",
      files_.size() == 1 && shard_of_.empty() ? files_.front()->path().string() : directory_.string(),
      met.size(), met.size() == 1 ? "" : "s", reader, fmt::join(shown, ", "), more,
      causes.empty() ? "" : "; ", fmt::join(causes, "; ")));
}

}  // namespace speclab
