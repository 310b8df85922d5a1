#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "core/models/checkpoint/float16.h"
#include "kernels/cpu/cpu_transformer.h"
#include "tests/gpu/host_rows.h"
#include "tests/support/tiny_checkpoint.h"

namespace speclab {

// One layer with heads of 6 numbers, and sides that fill no tile. Several key heads in one family are enough.
inline LlamaConfig smallest_config(const std::string& architecture) {
  LlamaConfig config = tiny_config(architecture);
  const bool llama = architecture == "LlamaForCausalLM";
  config.hidden = llama ? 20 : 12;
  config.intermediate = llama ? 27 : 11;
  config.layers = 1;
  config.heads = llama ? 4 : 2;
  config.kv_heads = llama ? 2 : 1;
  config.head_dim = 6;
  config.vocab = llama ? 23 : 13;
  return config;
}

// What matrices hold where they are stored in int8, in f32; embeddings are not.
inline std::vector<StoredTensor> as_int8(std::vector<StoredTensor> tensors) {
  for (StoredTensor& tensor : tensors) {
    if (tensor.shape.size() != 2) continue;
    std::vector<float> values = tensor.view().floats();
    const std::size_t width = static_cast<std::size_t>(tensor.shape[1]);
    const bool rounded = !tensor.name.ends_with("embed_tokens.weight");
    for (std::size_t row = 0; rounded && row < values.size(); row += width) {
      float max = 0;
      for (std::size_t i = row; i < row + width; ++i) max = std::max(max, std::abs(values[i]));
      for (std::size_t i = row; i < row + width; ++i)
        values[i] = std::rint(values[i] / (max / 127)) * (max / 127);
    }
    tensor.dtype = Dtype::f32;
    tensor.bytes.resize(values.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  }
  return tensors;
}

// Makes the logits of whatever comes in infinite or NaN.
inline void let_logits_overflow(std::vector<StoredTensor>& tensors) {
  for (StoredTensor& tensor : tensors) {
    if (tensor.name != "lm_head.weight") continue;
    for (std::size_t i = 0; i < tensor.bytes.size(); i += 2) {
      const std::uint16_t huge = bf16_of(i % 4 == 0 ? 3e38f : -3e38f);
      std::memcpy(tensor.bytes.data() + i, &huge, 2);
    }
  }
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
  const SequenceInput slice{.sequence = id, .text = text};
  const auto row = model.forward({&slice, 1}).logits[0].f32();
  std::vector<float> copy(row.begin(), row.end());
  model.close(id);
  return copy;
}

}  // namespace speclab
