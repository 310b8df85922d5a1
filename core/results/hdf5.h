#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/results/hdf5_reader.h"

namespace speclab {

// An HDF5 file: one that exists and is read, or one that is being made in memory. What is made
// never meets the disk through HDF5, so a full disk is an ordinary failed write of its image.
// The library is not thread-safe; every function here holds one lock for the whole process.
// The library may also crash on what is damaged: files of the disk are read through Hdf5Apart.
class Hdf5File : public Hdf5Reader {
 public:
  static Hdf5File in_memory(std::filesystem::path name);  // the name is for error messages
  static Hdf5File open(std::filesystem::path path);       // throws unless it is a whole HDF5 file
  Hdf5File(Hdf5File&& other) noexcept;
  Hdf5File& operator=(Hdf5File&&) = delete;
  ~Hdf5File() override;

  const std::filesystem::path& path() const override { return path_; }
  bool has(const std::string& object) const override;
  std::vector<std::string> children(const std::string& group) const override;
  nlohmann::json get(const std::string& object, const std::string& name) const override;
  std::map<std::string, nlohmann::json> attributes(const std::string& object) const override;
  std::vector<std::size_t> shape(const std::string& dataset) const override;
  void read_table(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
                  std::size_t first, std::size_t count, void* rows) const override;
  void read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                 std::span<double> values) const override;
  void read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                 std::span<std::int64_t> values) const override;

  void make_group(const std::string& group);  // and those above it
  // Integers, floats, booleans and text keep their type; arrays and objects are stored as JSON text.
  void set(const std::string& object, const std::string& name, const nlohmann::json& value);
  // Adds rows to a table, which the first call creates; chunked, compressed, with checksums.
  void append(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
              const void* rows, std::size_t count);
  template <class Row>
  void append(const std::string& dataset, std::span<const Row> rows) {
    append(dataset, Schema<Row>::columns(), sizeof(Row), rows.data(), rows.size());
  }
  // Adds to a one-dimensional dataset of int32.
  void append_ints(const std::string& dataset, std::span<const std::int32_t> values);
  std::vector<std::byte> image() const;

 private:
  Hdf5File(std::filesystem::path path, std::int64_t id, bool being_made)
      : path_(std::move(path)), id_(id), being_made_(being_made) {}
  void settle() const;
  void extend(const std::string& dataset, std::int64_t memory_type, std::int64_t file_type, const void* rows,
              std::size_t count);
  void read_numbers(const std::string& dataset, std::size_t first, std::size_t count, std::size_t room,
                    std::int64_t memory_type, void* values) const;

  std::filesystem::path path_;
  std::int64_t id_;  // hid_t
  bool being_made_;  // in memory
};

}  // namespace speclab
