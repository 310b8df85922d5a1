#pragma once

#include <cstdint>
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

// What heads of EAGLE may have besides.
enum class EagleExtra : std::uint8_t {
  nothing,
  biases,       // of queries, keys and values, and of fc
  output,       // EAGLE-1: its own, with a bias
  two_layers,   // EAGLE-3 reads the target after 2 and 4 of its layers, named at the top level
  four_layers,  // or after 2, 3, 4 and 5, named in `eagle_config` as layers whose output is read, from 0 on
};
TinyHeads tiny_eagle_with(EagleExtra extra, bool third, const LlamaConfig& target, Dtype dtype,
                          int draft_vocab);
// EAGLE-3 on those of the target's layers that `ids` name.
void read_layers(TinyHeads& heads, Dtype dtype, const std::vector<int>& ids, bool nested);

// Adds to every number of a tensor.
void shift(StoredTensor& tensor, float by);

}  // namespace speclab
