#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/project_files.h"
#include "tests/support/tiny_checkpoint.h"

namespace speclab {

// A model folder of random weights with one of the tokenizers of tests/data/tokenizer. Mistakes are made by
// `spoil`.
inline void write_model(const std::filesystem::path& folder, const std::string& tokenizer,
                        void (*spoil)(LlamaConfig&, std::vector<StoredTensor>&) = nullptr) {
  LlamaConfig config = tiny_config("LlamaForCausalLM");
  config.vocab = 640;
  std::vector<StoredTensor> tensors = random_tensors(config, Dtype::f32, 1);
  if (spoil != nullptr) spoil(config, tensors);
  std::filesystem::create_directories(folder);
  write_config(folder, config);
  write_safetensors(folder / "model.safetensors", tensors);
  std::filesystem::copy_file(project_files() / "tests/data/tokenizer" / tokenizer / "tokenizer.json",
                             folder / "tokenizer.json", std::filesystem::copy_options::overwrite_existing);
}

inline StoredTensor& tensor(std::vector<StoredTensor>& tensors, const std::string& name) {
  for (StoredTensor& t : tensors) {
    if (t.name == name) return t;
  }
  throw std::runtime_error("no tensor " + name);
}

inline void set_floats(StoredTensor& t, float value) {
  auto* values = reinterpret_cast<float*>(t.bytes.data());
  std::fill(values, values + t.bytes.size() / sizeof(float), value);
}

}  // namespace speclab
