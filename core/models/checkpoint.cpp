#include "core/models/checkpoint.h"

#include <fmt/format.h>

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

Checkpoint::Checkpoint(const std::filesystem::path& directory)
    : directory_(existing(directory)), config_(read_llama_config(directory)), files_(directory) {}

Tensor Checkpoint::tensor(const std::string& name, std::span<const std::int64_t> shape) const {
  return files_.tensor(name, shape, config_.architecture);
}

Tensor Checkpoint::unchecked_tensor(const std::string& name, std::span<const std::int64_t> shape) const {
  return files_.unchecked_tensor(name, shape, config_.architecture);
}

}  // namespace speclab
