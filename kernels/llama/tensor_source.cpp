#include "kernels/llama/tensor_source.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "core/errors.h"
#include "kernels/llama/llama_parts.h"

namespace speclab {
namespace {

// Looks for every tensor, its shape and its type, before memory is taken and before values are looked at.
struct NameTaker {
  struct Nothing {};
  const Checkpoint& checkpoint;

  Nothing matrix(const std::string& name, int outputs, int inputs) {
    checkpoint.unchecked_tensor(name, std::array<std::int64_t, 2>{outputs, inputs});
    return {};
  }
  Nothing table(const std::string& name, int vocab, int hidden) { return matrix(name, vocab, hidden); }
  Nothing vector(const std::string& name, int length) {
    checkpoint.unchecked_tensor(name, std::array<std::int64_t, 1>{length});
    return {};
  }
  // transformers 4 and vLLM leave a head aside that lies beside tied embeddings, transformers 5 uses it.
  Nothing tied(Nothing, int vocab, int hidden) {
    if (!checkpoint.files().contains("lm_head.weight")) return {};
    const std::array<std::int64_t, 2> shape{vocab, hidden};
    const Tensor embedding = checkpoint.unchecked_tensor("model.embed_tokens.weight", shape),
                 head = checkpoint.unchecked_tensor("lm_head.weight", shape);
    const std::size_t bytes = static_cast<std::size_t>(head.elements()) * bytes_of(head.dtype);
    if (head.dtype == embedding.dtype && std::memcmp(head.data, embedding.data, bytes) == 0) return {};
    throw ConfigError(
        "'tie_word_embeddings' is true, but 'lm_head.weight' is there and differs from "
        "'model.embed_tokens.weight'; transformers 4 and vLLM use the embedding, transformers 5 the head: "
        "set it "
        "to false for the head, or take 'lm_head.weight' out of the file");
  }
};

void check_tensors(const Checkpoint& checkpoint) {
  NameTaker names{checkpoint};
  take_parts<NameTaker::Nothing, NameTaker::Nothing>(checkpoint.config(), names);
  const std::array<TensorTable, 2> known{telling_tensors(), llama_unread_tensors()};
  checkpoint.files().refuse_unread(checkpoint.config().architecture, known);
}

}  // namespace

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
    check_tensors(checkpoint);
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
