#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace speclab {

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

}  // namespace speclab
