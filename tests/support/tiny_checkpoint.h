#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/models/checkpoint/llama_config.h"
#include "core/models/checkpoint/safetensors.h"

namespace speclab {

// A tensor with its own bytes, to be written to a file.
struct StoredTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
  std::string stored_as = {};  // as safetensors spells another type; empty: dtype

  Tensor view() const { return {dtype, shape, bytes.data()}; }
};

// Removes itself, and all in it, at the end of the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Small shapes with nothing round about them: no side is a multiple of a vector's length.
LlamaConfig tiny_config(const std::string& architecture);
// With all biases that an architecture may have: of Llama and Qwen3.
LlamaConfig biased(LlamaConfig config);

std::vector<StoredTensor> random_tensors(const LlamaConfig& config, Dtype dtype, std::uint64_t seed);
void write_config(const std::filesystem::path& directory, const LlamaConfig& config);
void write_safetensors(const std::filesystem::path& file, const std::vector<StoredTensor>& tensors);

}  // namespace speclab
