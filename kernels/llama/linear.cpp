#include "kernels/llama/linear.h"

#include <array>

namespace speclab {

Linear read_linear(const TensorFiles& files, const std::string& name, int outputs, int inputs,
                   const std::string& reader) {
  const Tensor weights = files.tensor(name + ".weight", std::array<std::int64_t, 2>{outputs, inputs}, reader);
  Linear linear{weights.dtype, weights.data, outputs, inputs, {}};
  if (files.contains(name + ".bias")) {
    linear.bias = files.tensor(name + ".bias", std::array<std::int64_t, 1>{outputs}, reader).floats();
  }
  return linear;
}

}  // namespace speclab
