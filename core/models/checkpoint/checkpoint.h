#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "core/models/checkpoint/llama_config.h"
#include "core/models/checkpoint/tensor_files.h"

namespace speclab {

// A model's directory in Hugging Face layout: config.json, and model.safetensors or the shards
// that model.safetensors.index.json names. Weights stay in the mapped files.
class Checkpoint {
 public:
  // ConfigError where it cannot be run. `vocab`: of how many tokens; the files may have rows of more, which
  // are left out then, so that those tokens are impossible. 0: of as many as config.json says.
  explicit Checkpoint(const std::filesystem::path& directory, int vocab = 0);

  const LlamaConfig& config() const { return config_; }
  // ConfigError where it is missing, has another shape, or holds a NaN or an infinity.
  Tensor tensor(const std::string& name, std::span<const std::int64_t> shape) const;
  // The same, without a look at its values.
  Tensor unchecked_tensor(const std::string& name, std::span<const std::int64_t> shape) const;
  const TensorFiles& files() const { return files_; }
  const std::filesystem::path& directory() const { return directory_; }

 private:
  // Asks `files_` for it by one of the above, which leaves out what is too much.
  template <class Ask>
  Tensor cut(const std::string& name, std::span<const std::int64_t> shape, const Ask& ask) const;

  std::filesystem::path directory_;
  LlamaConfig config_;
  int stored_vocab_;
  TensorFiles files_;
};

}  // namespace speclab
