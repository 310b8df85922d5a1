#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/tiny_checkpoint.h"

namespace speclab {

// A folder of heads that have learnt nothing, for a target of a config.
struct TinyHeads {
  nlohmann::json config;
  std::vector<StoredTensor> tensors;

  void write(const std::filesystem::path& folder) const;
  StoredTensor& tensor(const std::string& name);
};

// Values roughly normal with variance 1 / inputs; vectors near `centre`.
StoredTensor random_tensor(const std::string& name, Dtype dtype, std::vector<std::int64_t> shape,
                           double centre = 0);

TinyHeads tiny_medusa(const LlamaConfig& target, Dtype dtype, int heads, int layers);
TinyHeads tiny_hydra(const LlamaConfig& target, Dtype dtype, int heads, int layers);
TinyHeads tiny_eagle(const LlamaConfig& target, Dtype dtype);
TinyHeads tiny_eagle3(const LlamaConfig& target, Dtype dtype, int draft_vocab);
Token target_token_of(int draft_token);  // of tiny_eagle3

}  // namespace speclab
