#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/models/checkpoint/dtype.h"

namespace speclab {

// A view on a stored array, row-major. The bytes may be aligned to no more than one byte.
struct Tensor {
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  const std::byte* data = nullptr;

  std::int64_t elements() const;
  float at(std::int64_t index) const;     // converted, exactly
  std::vector<float> floats() const;      // all of it, converted, exactly
  std::int64_t first_not_finite() const;  // index of the first NaN or infinity; -1: none
};

std::string shape_text(std::span<const std::int64_t> shape);  // "(2, 3)"

// A read-only memory-mapped file; the pages are shared with the page cache.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);  // ConfigError where it cannot be mapped
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// One file of named arrays: 8 bytes header length (little-endian), a JSON header, the data.
// Format: github.com/huggingface/safetensors, README, "Format".
class Safetensors {
 public:
  // Maps the file and checks all of its header; ConfigError names file, tensor and what is wrong.
  explicit Safetensors(std::filesystem::path path);

  bool contains(const std::string& name) const { return entries_.contains(name); }
  std::vector<std::string> names() const;  // in order
  // ConfigError where the file has no such tensor, or one that is not F32, F16 or BF16.
  Tensor tensor(const std::string& name) const;
  // Likewise where it is not I64, I32, U8 or BOOL (0 or 1).
  std::vector<std::int64_t> integers(const std::string& name) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Entry {
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::size_t begin = 0, end = 0;  // within the data, in bytes
  };

  const Entry& entry(const std::string& name) const;
  // The format's own library asks for it: each tensor begins where the one before it ends, and the last ends
  // with the file.
  void check_layout(std::size_t data_bytes) const;

  std::filesystem::path path_;
  MappedFile file_;
  std::size_t data_begin_ = 0;
  std::map<std::string, Entry> entries_;
};

}  // namespace speclab
