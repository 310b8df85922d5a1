#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "core/models/llama_config.h"
#include "core/models/tensor_files.h"

namespace speclab {

// A model's directory in Hugging Face layout: config.json, and model.safetensors or the shards
// that model.safetensors.index.json names. Weights stay in the mapped files.
class Checkpoint {
 public:
  explicit Checkpoint(const std::filesystem::path& directory);  // ConfigError

  const LlamaConfig& config() const { return config_; }
  // ConfigError where it is missing, has another shape, or holds a NaN or an infinity.
  Tensor tensor(const std::string& name, std::span<const std::int64_t> shape) const;
  // The same, without a look at its values.
  Tensor unchecked_tensor(const std::string& name, std::span<const std::int64_t> shape) const;
  const TensorFiles& files() const { return files_; }
  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
  LlamaConfig config_;
  TensorFiles files_;
};

}  // namespace speclab
