#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/results/hdf5.h"

namespace speclab {

// Rows of named values, for files that others read. A missing value is null.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<nlohmann::json>> rows;

  // The column's number; a new one is null in the rows that are there.
  std::size_t column(const std::string& name);
};

std::string to_csv(const Table& table);      // RFC 4180
nlohmann::json to_json(const Table& table);  // an object per row, without its nulls

// A column is int64 if all values are whole, float64 if all are numbers or null (NaN), or else text.
void write_table(Hdf5File& file, const std::string& dataset, const Table& table);

}  // namespace speclab
