#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/models/safetensors.h"

namespace speclab {

// The tensors of a model's directory: those of one file, or of the shards that
// model.safetensors.index.json names. Weights stay in the mapped files.
class TensorFiles {
 public:
  // The first of the files that is there; ConfigError where none is, nor an index.
  explicit TensorFiles(const std::filesystem::path& directory,
                       std::span<const char* const> files = std::span(&kUsual, 1));

  bool contains(const std::string& name) const { return file_of(name) != nullptr; }
  // ConfigError where it is missing, has another shape, or holds a NaN or an infinity. `reader` is who needs
  // it.
  Tensor tensor(const std::string& name, std::span<const std::int64_t> shape,
                const std::string& reader) const;
  // Whole numbers, of I64 or I32. ConfigError likewise.
  std::vector<std::int64_t> integers(const std::string& name, std::int64_t count,
                                     const std::string& reader) const;

 private:
  static constexpr const char* kUsual = "model.safetensors";
  const Safetensors* file_of(const std::string& name) const;
  const Safetensors& needed(const std::string& name, std::span<const std::int64_t> shape,
                            const std::string& reader) const;

  std::filesystem::path directory_;
  std::vector<std::unique_ptr<Safetensors>> files_;
  std::map<std::string, const Safetensors*> shard_of_;  // only what an index names
};

}  // namespace speclab
