#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/cuda/number_conversion.h"

namespace speclab {

// What kernels compute, written out plainly in double: what they are compared with.

constexpr std::size_t index_of(std::size_t row, int stride, int column) {
  return row * static_cast<std::size_t>(stride) + static_cast<std::size_t>(column);
}

struct SumOfProducts {
  double value = 0;
  double magnitude = 0;  // of the terms, added: what rounding errors are relative to
};

template <class X, class W>
SumOfProducts sum_of_products(const X* x, const W* w, int length) {
  SumOfProducts sum;
  for (int k = 0; k < length; ++k) {
    double weight = 0;
    if constexpr (sizeof(W) == 1) {
      weight = w[k];
    } else {
      weight = to_float(w[k]);
    }
    const double product = static_cast<double>(to_float(x[k])) * weight;
    sum.value += product;
    sum.magnitude += std::abs(product);
  }
  return sum;
}

inline double reference_silu(double x) { return x / (1 + std::exp(-x)); }

// Every addition of a float sum errs by at most one unit of its partial sum; tensor cores may cut instead of
// round.
inline double sum_tolerance(const SumOfProducts& sum, int length) {
  return (length + 32) * 0x1p-23 * sum.magnitude + 1e-30;
}

inline std::vector<double> reference_rms_norm(const float* x, const float* weight, int length,
                                              double epsilon) {
  double squares = 0;
  for (int i = 0; i < length; ++i) squares += static_cast<double>(x[i]) * x[i];
  const double factor = 1 / std::sqrt(squares / length + epsilon);
  std::vector<double> out(static_cast<std::size_t>(length));
  for (int i = 0; i < length; ++i) out[i] = x[i] * factor * weight[i];
  return out;
}

}  // namespace speclab
