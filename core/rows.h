#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace speclab {

enum class Place : std::uint8_t { host, device };
enum class Scalar : std::uint8_t { f32, f64 };  // logits and hidden rows; probabilities

// A view on one row, valid as long as the function that returned it says.
struct Row {
  const void* data = nullptr;
  int cols = 0;
  Place place = Place::host;
  Scalar scalar = Scalar::f32;

  explicit operator bool() const { return data != nullptr; }
  // Of a row on the host; BrokenInvariant for any other.
  std::span<const float> f32() const { return read<float>(); }
  std::span<const double> f64() const { return read<double>(); }
  // Wherever it lies.
  template <class T>
  const T* as() const {
    return static_cast<const T*>(data);
  }

 private:
  template <class T>
  std::span<const T> read() const {
    if (place != Place::host) [[unlikely]]
      refuse_to_read();
    return {as<T>(), static_cast<std::size_t>(cols)};
  }
  [[noreturn]] void refuse_to_read() const;
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
