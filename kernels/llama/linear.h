#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/models/checkpoint/tensor_files.h"

namespace speclab {

// A matrix that stands alone, with its bias: a view on a stored tensor.
struct Linear {
  Dtype dtype = Dtype::f32;
  const std::byte* weights = nullptr;  // (outputs, inputs)
  int outputs = 0, inputs = 0;
  std::vector<float> bias;  // empty without
};

// Reads `name`.weight, and `name`.bias where there is one.
Linear read_linear(const TensorFiles& files, const std::string& name, int outputs, int inputs,
                   const std::string& reader);

// The same with its first `outputs` outputs alone.
inline Linear first_outputs(Linear linear, int outputs) {
  linear.outputs = outputs;
  if (!linear.bias.empty()) linear.bias.resize(static_cast<std::size_t>(outputs));
  return linear;
}

}  // namespace speclab
