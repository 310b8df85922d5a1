#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/models/checkpoint/known_tensors.h"
#include "core/models/checkpoint/safetensors.h"

namespace speclab {

// The tensors of a model's directory: those of one file, or of the shards that
// model.safetensors.index.json names. Weights stay in the mapped files. It remembers which were read, also by
// its const functions, so one thread at a time uses it.
class TensorFiles {
 public:
  // The first of the files that is there, else the shards of an index; ConfigError where there is neither, or
  // where an index names a file outside of the directory. Links may lead out of it, as in Hugging Face's
  // cache.
  explicit TensorFiles(const std::filesystem::path& directory,
                       std::span<const char* const> files = std::span(&kUsual, 1));

  bool contains(const std::string& name) const { return file_of(name) != nullptr; }
  // Of a matrix; 0 where there is no such tensor.
  std::int64_t rows_of(const std::string& name) const;
  // ConfigError where it is missing, has another shape, or holds a NaN or an infinity. `reader` is who needs
  // it.
  Tensor tensor(const std::string& name, std::span<const std::int64_t> shape,
                const std::string& reader) const;
  // The same, without a look at its values.
  Tensor unchecked_tensor(const std::string& name, std::span<const std::int64_t> shape,
                          const std::string& reader) const;
  // Whole numbers, of I64, I32, U8 or BOOL. ConfigError likewise.
  std::vector<std::int64_t> integers(const std::string& name, std::int64_t count,
                                     const std::string& reader) const;
  // To be called when all was read that `reader` reads: ConfigError where a file holds, or an index names, a
  // tensor that was not read and is not known to be without effect. It names the first few, counts them, and
  // says what their presence may mean.
  void refuse_unread(const std::string& reader, std::span<const TensorTable> known) const;

 private:
  static constexpr const char* kUsual = "model.safetensors";
  void open_shards(const std::filesystem::path& index);
  const Safetensors* file_of(const std::string& name) const;
  const Safetensors& needed(const std::string& name, std::span<const std::int64_t> shape,
                            const std::string& reader) const;

  std::filesystem::path directory_;
  std::vector<std::unique_ptr<Safetensors>> files_;
  std::map<std::string, const Safetensors*> shard_of_;  // only what an index names
  mutable std::set<std::string> read_;
};

}  // namespace speclab
