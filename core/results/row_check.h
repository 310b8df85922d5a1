#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "core/results/hdf5_reader.h"

namespace speclab {

// What the rows of one point may say: numbers in them are used as places, so each has to be one, and a file
// of few rows may not ask for room of many. Everything throws Hdf5Error that names table and column.
class RowCheck {
 public:
  explicit RowCheck(const Hdf5Reader& file) : file_(&file) {}

  // Rows that follow are of this table, which has so many.
  void table(std::string name, std::size_t rows);
  void run(int role, int repeat) const;
  void sequence(int role, int repeat, int sequence);  // of a run, which it checks
  void accepted(int role, int repeat, int sequence, int accepted);
  void work(int role, int repeat, int actor, int op);
  // Not below 0, and all counts of a table together are one.
  void count(std::int64_t value, const char* column);
  template <class Counts>
  void counts(const Counts& counts) {
    for (const auto& field : Counts::fields()) count(counts.*field.count, field.name);
  }
  void between(std::int64_t value, std::int64_t min, std::int64_t max, const char* column) const;
  // As many rows' worth of memory.
  void room(std::int64_t units);
  [[noreturn]] void fail(const std::string& what) const;

 private:
  using Key = std::tuple<int, int, int>;
  void grow(std::map<Key, std::int64_t>& sizes, Key key, std::int64_t size, std::int64_t units);

  const Hdf5Reader* file_;
  std::string table_;
  std::int64_t rows_ = 0, room_ = 0, counted_ = 0;
  std::map<Key, std::int64_t> sequences_, accepted_, actors_;
};

}  // namespace speclab
