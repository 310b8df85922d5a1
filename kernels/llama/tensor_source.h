#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/models/checkpoint/checkpoint.h"
#include "core/models/checkpoint/safetensors.h"

namespace speclab {

// Asked once per tensor, by its name in Hugging Face checkpoints.
using TensorSource = std::function<Tensor(const std::string& name, std::span<const std::int64_t> shape)>;

// Tensors as a model needs them: vectors in f32, all matrices of one type.
class TensorTaker {
 public:
  explicit TensorTaker(const TensorSource& source) : source_(source) {}

  std::vector<float> vector(const std::string& name, int length);
  Tensor matrix(const std::string& name, int outputs, int inputs);  // ConfigError where its type is another
  Dtype dtype() const { return *dtype_; }                           // of the matrices taken so far

 private:
  const TensorSource& source_;
  std::optional<Dtype> dtype_;
  std::string first_;
};

// Calls `take` with a checkpoint's tensors. ConfigError, before it is called, where one is missing, has
// another shape, or is there and nobody's; what it throws as ConfigError names the directory.
void take_from(const Checkpoint& checkpoint, const std::function<void(const TensorSource&)>& take);

}  // namespace speclab
