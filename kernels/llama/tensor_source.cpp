#include "kernels/llama/tensor_source.h"

#include <fmt/format.h>

#include <array>

#include "core/errors.h"

namespace speclab {

std::vector<float> TensorTaker::vector(const std::string& name, int length) {
  return source_(name, std::array<std::int64_t, 1>{length}).floats();
}

Tensor TensorTaker::matrix(const std::string& name, int outputs, int inputs) {
  Tensor tensor = source_(name, std::array<std::int64_t, 2>{outputs, inputs});
  if (!dtype_) {
    dtype_ = tensor.dtype;
    first_ = name;
  }
  if (tensor.dtype != *dtype_) {
    throw ConfigError(
        fmt::format("tensor '{}' is stored as {}, but '{}' as {}; all matrices of a model must have one type",
                    name, name_of(tensor.dtype), first_, name_of(*dtype_)));
  }
  return tensor;
}

void take_from(const Checkpoint& checkpoint, const std::function<void(const TensorSource&)>& take) {
  const std::string place = checkpoint.directory().string();
  try {
    take([&](const std::string& name, std::span<const std::int64_t> shape) {
      return checkpoint.tensor(name, shape);
    });
  } catch (const ConfigError& error) {
    const std::string what = error.what();
    if (what.starts_with(place)) throw;
    throw ConfigError(place + ": " + what);
  }
}

}  // namespace speclab
