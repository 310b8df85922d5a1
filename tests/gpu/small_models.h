#pragma once

#include <memory>
#include <vector>

#include "kernels/cpu/cpu_transformer.h"
#include "kernels/cuda/host_rows.h"
#include "tests/support/tiny_checkpoint.h"

namespace speclab {

// As small as the kernels allow: one layer, whose heads have 8 numbers, and sides that fill no tile.
inline LlamaConfig smallest_config(const std::string& architecture, int layers = 1) {
  LlamaConfig config = tiny_config(architecture);
  config.hidden = 20;
  config.intermediate = 27;
  config.layers = layers;
  config.head_dim = 8;
  config.vocab = 23;
  return config;
}

// The checkpoint of these tensors, on disk as long as it is loaded.
template <class Load>
auto loaded(const LlamaConfig& config, const std::vector<StoredTensor>& tensors, const Load& load) {
  const TemporaryDirectory directory;
  write_config(directory.path(), config);
  write_safetensors(directory.path() / "model.safetensors", tensors);
  return load(directory.path());
}

inline std::unique_ptr<HostRows> cuda_model(const LlamaConfig& config,
                                            const std::vector<StoredTensor>& tensors,
                                            CudaOptions options = {},
                                            CudaPrecision precision = CudaPrecision::as_stored) {
  return loaded(config, tensors, [&](const std::filesystem::path& directory) {
    return std::make_unique<HostRows>(load_cuda_model(directory, precision, options));
  });
}

inline std::unique_ptr<LanguageModel> cpu_model(const LlamaConfig& config,
                                                const std::vector<StoredTensor>& tensors) {
  return loaded(config, tensors,
                [](const std::filesystem::path& directory) { return load_cpu_model(directory); });
}

inline std::vector<Token> some_text(int length, int vocab) {
  std::vector<Token> text;
  for (int i = 0; i < length; ++i) text.push_back((i * i * 13 + i * 5 + 2) % vocab);
  return text;
}

inline std::vector<float> last_row(LanguageModel& model, const std::vector<Token>& text) {
  const SequenceId id{7};
  model.open(id);
  const Slice slice{.sequence = id, .text = text};
  const auto row = model.forward({&slice, 1}).logits[0].f32();
  std::vector<float> copy(row.begin(), row.end());
  model.close(id);
  return copy;
}

}  // namespace speclab
