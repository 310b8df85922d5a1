#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/results/hdf5_columns.h"

namespace speclab {

// The machine refused to read or write a result file, or the file is not what it says.
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

// What is read of an HDF5 file. Objects have paths, "/point/0/steps". Everything throws Hdf5Error where the
// file lacks it, holds something of another kind, or declares more than it stores; nothing leads out of the
// file.
class Hdf5Reader {
 public:
  virtual ~Hdf5Reader() = default;

  virtual const std::filesystem::path& path() const = 0;
  virtual bool has(const std::string& object) const = 0;
  virtual std::vector<std::string> children(const std::string& group) const = 0;  // by name

  // A single integer, float, boolean or text; text that is a JSON array or object comes as such.
  virtual nlohmann::json get(const std::string& object, const std::string& name) const = 0;
  virtual std::map<std::string, nlohmann::json> attributes(const std::string& object) const = 0;

  virtual std::vector<std::size_t> shape(const std::string& dataset) const = 0;  // one entry per dimension
  std::size_t size(const std::string& dataset) const;                            // rows of one dimension

  // Rows [first, first + count) of a table that has these columns and no others.
  virtual void read_table(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
                          std::size_t first, std::size_t count, void* rows) const = 0;

  // Rows [first, first + count) of numbers in one or two dimensions: count times the width of a row,
  // converted. Integers are not made of floats.
  virtual void read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                         std::span<double> values) const = 0;
  virtual void read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                         std::span<std::int64_t> values) const = 0;

  template <class Row>
  std::vector<Row> read(const std::string& dataset) const {
    std::vector<Row> rows(size(dataset));
    // Some megabytes in whole pieces as they are stored, so that none is unpacked twice.
    constexpr std::size_t kStored = 4096,
                          kBlock = std::max<std::size_t>((1 << 22) / sizeof(Row) / kStored, 1) * kStored;
    const std::vector<Column> columns = Schema<Row>::columns();
    for (std::size_t first = 0; first < rows.size(); first += kBlock) {
      read_table(dataset, columns, sizeof(Row), first, std::min(kBlock, rows.size() - first),
                 rows.data() + first);
    }
    return rows;
  }
  std::vector<std::int32_t> read_ints(const std::string& dataset) const;  // of one dimension
};

}  // namespace speclab
