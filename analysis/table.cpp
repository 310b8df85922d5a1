#include "analysis/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace speclab {
namespace {

std::string as_text(const nlohmann::json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string csv_cell(const nlohmann::json& value) {
  const std::string text = as_text(value);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

Column column_of(const Table& table, std::size_t index, std::size_t offset) {
  bool whole = true, number = true;
  std::size_t width = 1;
  for (const auto& row : table.rows) {
    whole = whole && row[index].is_number_integer();
    number = number && (row[index].is_number() || row[index].is_null());
    width = std::max(width, as_text(row[index]).size());
  }
  const CellType type = whole ? CellType::i64 : number ? CellType::f64 : CellType::text;
  return {table.columns[index], type, offset, type == CellType::text ? width : 0, ""};
}

void put(const nlohmann::json& value, const Column& column, std::byte* cell) {
  if (column.type == CellType::i64) {
    const auto whole = value.get<std::int64_t>();
    std::memcpy(cell, &whole, sizeof whole);
  } else if (column.type == CellType::f64) {
    const double real = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
    std::memcpy(cell, &real, sizeof real);
  } else {
    const std::string text = as_text(value);
    std::memcpy(cell, text.data(), text.size());
  }
}

}  // namespace

std::size_t Table::column(const std::string& name) {
  const auto found = std::ranges::find(columns, name);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  columns.push_back(name);
  for (auto& row : rows) row.resize(columns.size());
  return columns.size() - 1;
}

std::string to_csv(const Table& table) {
  std::string text;
  const auto line = [&](const auto& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) text += (i == 0 ? "" : ",") + csv_cell(cells[i]);
    text += '\n';
  };
  line(table.columns);
  for (const auto& row : table.rows) line(row);
  return text;
}

nlohmann::json to_json(const Table& table) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& row : table.rows) {
    nlohmann::json object = nlohmann::json::object();
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!row[i].is_null()) object[table.columns[i]] = row[i];
    }
    rows.push_back(std::move(object));
  }
  return rows;
}

void write_table(Hdf5File& file, const std::string& dataset, const Table& table) {
  std::vector<Column> columns;
  std::size_t row_bytes = 0;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    columns.push_back(column_of(table, i, row_bytes));
    row_bytes += columns.back().type == CellType::text ? columns.back().width : 8;
  }
  std::vector<std::byte> bytes(row_bytes * table.rows.size());
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      put(table.rows[r][i], columns[i], bytes.data() + r * row_bytes + columns[i].offset);
    }
  }
  file.append(dataset, columns, row_bytes, bytes.data(), table.rows.size());
}

}  // namespace speclab
