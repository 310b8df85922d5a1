#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace speclab {

// The machine refused to read or write a result file.
class Hdf5Error : public std::runtime_error {
 public:
  Hdf5Error(std::filesystem::path file, std::string call, std::string reason);
  const std::filesystem::path& file() const { return file_; }
  const std::string& call() const { return call_; }
  const std::string& reason() const {
    return reason_;
  }  // the innermost, in the system's words where it has any

 private:
  std::filesystem::path file_;
  std::string call_, reason_;
};

enum class CellType : std::uint8_t { i32, i64, u64, f64, text };

struct Column {
  std::string name;
  CellType type = CellType::f64;
  std::size_t offset = 0;  // bytes from the start of a row
  std::size_t width = 0;   // bytes of a text cell, padded with zeros
  std::string meaning;     // with its unit; stored beside the dataset

  bool operator==(const Column&) const = default;
};

// The columns of a row struct: a specialisation has `static std::vector<Column> columns()`.
template <class Row>
struct Schema;

template <class Cell>
struct CellOf;
template <>
struct CellOf<std::int32_t> {
  static constexpr CellType type = CellType::i32;
  static constexpr std::size_t width = 0;
};
template <>
struct CellOf<std::int64_t> {
  static constexpr CellType type = CellType::i64;
  static constexpr std::size_t width = 0;
};
template <>
struct CellOf<std::uint64_t> {
  static constexpr CellType type = CellType::u64;
  static constexpr std::size_t width = 0;
};
template <>
struct CellOf<double> {
  static constexpr CellType type = CellType::f64;
  static constexpr std::size_t width = 0;
};
template <std::size_t Width>
struct CellOf<std::array<char, Width>> {
  static constexpr CellType type = CellType::text;
  static constexpr std::size_t width = Width;
};

template <class Row, class Cell>
Column column(std::string name, Cell Row::*member, std::string meaning) {
  static const Row row{};
  const auto offset = static_cast<std::size_t>(reinterpret_cast<const char*>(&(row.*member)) -
                                               reinterpret_cast<const char*>(&row));
  return {std::move(name), CellOf<Cell>::type, offset, CellOf<Cell>::width, std::move(meaning)};
}

// An HDF5 file: one that exists and is read, or one that is being made in memory. What is made
// never meets the disk through HDF5, so a full disk is an ordinary failed write of its image.
// The library is not thread-safe; every function here holds one lock for the whole process.
class Hdf5File {
 public:
  static Hdf5File in_memory(std::filesystem::path name);  // the name is for error messages
  static Hdf5File open(std::filesystem::path path);       // throws unless it is a whole HDF5 file
  Hdf5File(Hdf5File&& other) noexcept;
  Hdf5File& operator=(Hdf5File&&) = delete;
  ~Hdf5File();

  const std::filesystem::path& path() const { return path_; }
  bool has(const std::string& object) const;
  std::vector<std::string> children(const std::string& group) const;  // by name
  void make_group(const std::string& group);                          // and those above it

  // Integers, floats, booleans and text keep their type; arrays and objects are stored as JSON text
  // and come back as such values.
  void set(const std::string& object, const std::string& name, const nlohmann::json& value);
  nlohmann::json get(const std::string& object, const std::string& name) const;
  std::map<std::string, nlohmann::json> attributes(const std::string& object) const;

  // Adds rows to a table, which the first call creates; chunked, compressed, with checksums.
  void append(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
              const void* rows, std::size_t count);
  std::size_t size(const std::string& dataset) const;
  void read(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
            void* rows) const;

  // A one-dimensional dataset of int32.
  void append_ints(const std::string& dataset, std::span<const std::int32_t> values);
  std::vector<std::int32_t> read_ints(const std::string& dataset) const;

  // Any dataset of numbers, whoever wrote it.
  std::vector<std::size_t> shape(const std::string& dataset) const;  // one entry per dimension
  // Rows [first, first + count) of one or two dimensions: count times the width of a row, converted. Throws
  // Hdf5Error unless they are there and, for integers, the dataset is of integers.
  void read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                 std::span<double> values) const;
  void read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                 std::span<std::int64_t> values) const;

  // Copies an object with all below it and its attributes.
  void copy(const Hdf5File& from, const std::string& object, const std::string& to);
  std::vector<std::byte> image() const;

  template <class Row>
  void append(const std::string& dataset, std::span<const Row> rows) {
    append(dataset, Schema<Row>::columns(), sizeof(Row), rows.data(), rows.size());
  }
  template <class Row>
  std::vector<Row> read(const std::string& dataset) const {
    std::vector<Row> rows(size(dataset));
    read(dataset, Schema<Row>::columns(), sizeof(Row), rows.data());
    return rows;
  }

 private:
  Hdf5File(std::filesystem::path path, std::int64_t id) : path_(std::move(path)), id_(id) {}
  void extend(const std::string& dataset, std::int64_t memory_type, std::int64_t file_type, const void* rows,
              std::size_t count);
  void read_numbers(const std::string& dataset, std::size_t first, std::size_t count, std::size_t room,
                    std::int64_t memory_type, void* values) const;

  std::filesystem::path path_;
  std::int64_t id_;  // hid_t
};

}  // namespace speclab
