#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace speclab {

enum class Place : std::uint8_t { host, device };
enum class Scalar : std::uint8_t { f32, f64 };  // logits and hidden rows; probabilities

// A view on one row. Whoever handed it out says how long it lives.
struct Row {
  const void* data = nullptr;
  int cols = 0;
  Place place = Place::host;
  Scalar scalar = Scalar::f32;

  explicit operator bool() const { return data != nullptr; }
  std::span<const float> f32() const {
    return {static_cast<const float*>(data), static_cast<std::size_t>(cols)};
  }
  std::span<const double> f64() const {
    return {static_cast<const double*>(data), static_cast<std::size_t>(cols)};
  }
};

// A view on float rows of equal length, one after another: (count, cols).
struct Rows {
  const float* data = nullptr;
  int count = 0;
  int cols = 0;
  Place place = Place::host;

  Row operator[](int i) const {
    return {data + static_cast<std::size_t>(i) * static_cast<std::size_t>(cols), cols, place, Scalar::f32};
  }
};

}  // namespace speclab
