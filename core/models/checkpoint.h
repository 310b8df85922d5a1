#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/models/llama_config.h"
#include "core/models/safetensors.h"

namespace speclab {

// A model's directory in Hugging Face layout: config.json, and model.safetensors or the shards
// that model.safetensors.index.json names. Weights stay in the mapped files.
class Checkpoint {
 public:
  explicit Checkpoint(const std::filesystem::path& directory);  // ConfigError

  const LlamaConfig& config() const { return config_; }
  // ConfigError where it is missing, has another shape, or holds a NaN or an infinity.
  Tensor tensor(const std::string& name, std::span<const std::int64_t> shape) const;
  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
  LlamaConfig config_;
  std::vector<std::unique_ptr<Safetensors>> files_;
  std::map<std::string, const Safetensors*> file_of_;  // only what an index names
};

}  // namespace speclab
