#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/support/tiny_checkpoint.h"

namespace speclab {

// A small model's folder, to be spoilt.
class EditedCheckpoint {
 public:
  explicit EditedCheckpoint(const std::string& architecture = "LlamaForCausalLM");

  const std::filesystem::path& path() const { return directory_.path(); }
  LlamaConfig& config() { return config_; }  // what `write` writes
  std::vector<StoredTensor>& tensors() { return tensors_; }
  StoredTensor& tensor(const std::string& name);
  // Of the model's type, all of one value.
  void add_tensor(const std::string& name, std::vector<std::int64_t> shape, float value);
  void write() const;  // anew, without earlier edits of files
  void edit_config(const std::function<void(nlohmann::json&)>& edit) const;
  void write_file(const std::string& name, const std::string& text) const;
  // Splits the tensors into shards a.safetensors and b.safetensors, the first `low` in a, with an index,
  // which `edit` may change.
  void shard(std::size_t low, const std::function<void(nlohmann::json&)>& edit = {}) const;

  // The message of the ConfigError that loading ends with, without the folder; empty where there is none.
  std::string refusal() const;
  std::string refusal_with(const std::function<void(nlohmann::json&)>& edit) const;

 private:
  TemporaryDirectory directory_;
  LlamaConfig config_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace speclab
