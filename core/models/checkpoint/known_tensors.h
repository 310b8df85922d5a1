#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace speclab {

// What a tensor is that nobody reads.
enum class TensorFate : std::uint8_t {
  inert,    // without effect
  refused,  // it would change results
  beyond,   // so it would, and this says why only where nothing is read of the layer that it is of
};

struct KnownTensor {
  const char* pattern;  // of its name, whole; * stands for any characters
  TensorFate fate;
  const char* why;  // it has no effect, or what its presence says; a clause
};

using TensorTable = std::span<const KnownTensor>;

bool matches(const std::string& name, const char* pattern);

// The first entry whose pattern a name matches; null where there is none. `layer_is_read`: whether anything
// is of the layer that the name is of.
const KnownTensor* find_tensor(std::span<const TensorTable> tables, const std::string& name,
                               bool layer_is_read);

// Of folders of any kind: tensors without effect, an adapter's, and those of quantized weights. It stands
// before other tables, whose names are less telling.
TensorTable telling_tensors();
// Of transformers of the Llama family, as transformers and its users save them.
TensorTable llama_unread_tensors();

}  // namespace speclab
