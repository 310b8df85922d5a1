#include "kernels/llama/llama_weights.h"

namespace speclab {
namespace {

struct ViewTaker {
  TensorTaker tensors;
  const std::byte* table(const std::string& name, int vocab, int hidden) {
    return tensors.matrix(name, vocab, hidden).data;
  }
  const std::byte* tied(const std::byte* table, int, int) { return table; }
  const std::byte* matrix(const std::string& name, int outputs, int inputs) {
    return tensors.matrix(name, outputs, inputs).data;
  }
  std::vector<float> vector(const std::string& name, int length) { return tensors.vector(name, length); }
};

}  // namespace

std::size_t LlamaWeights::streamed_bytes() const {
  const auto c = config;
  const std::size_t heads =
      static_cast<std::size_t>(2 * c.heads + 2 * c.kv_heads) * static_cast<std::size_t>(c.head_dim);
  const std::size_t per_layer = heads + 3 * static_cast<std::size_t>(c.intermediate);
  const std::size_t outputs =
      per_layer * static_cast<std::size_t>(c.layers) + static_cast<std::size_t>(c.vocab);
  return outputs * static_cast<std::size_t>(c.hidden) * bytes_of(dtype);
}

void look_up(Dtype dtype, const std::byte* table, int width, Token token, float* out) {
  const std::size_t bytes = static_cast<std::size_t>(width) * bytes_of(dtype);
  const Tensor row{dtype, {}, table + static_cast<std::size_t>(token) * bytes};
  for (int i = 0; i < width; ++i) out[i] = row.at(i);
}

LlamaWeights gather_weights(const LlamaConfig& config, const TensorSource& source,
                            std::shared_ptr<const void> owner) {
  ViewTaker take{TensorTaker(source)};
  auto parts = take_parts<const std::byte*, std::vector<float>>(config, take);
  return {std::move(parts), config, take.tensors.dtype(), std::move(owner)};
}

LlamaWeights load_weights(const std::filesystem::path& directory, int vocab) {
  const auto checkpoint = std::make_shared<const Checkpoint>(directory, vocab);
  LlamaWeights weights;
  take_from(*checkpoint, [&](const TensorSource& source) {
    weights = gather_weights(checkpoint->config(), source, checkpoint);
  });
  return weights;
}

}  // namespace speclab
