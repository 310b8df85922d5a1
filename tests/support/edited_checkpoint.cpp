#include "tests/support/edited_checkpoint.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>

#include "core/errors.h"
#include "kernels/llama/llama_weights.h"

namespace speclab {
namespace fs = std::filesystem;
using Json = nlohmann::json;

EditedCheckpoint::EditedCheckpoint(const std::string& architecture)
    : config_(tiny_config(architecture)), tensors_(random_tensors(config_, Dtype::bf16, 1)) {
  write();
}

StoredTensor& EditedCheckpoint::tensor(const std::string& name) {
  for (StoredTensor& stored : tensors_) {
    if (stored.name == name) return stored;
  }
  throw std::out_of_range(name);
}

void EditedCheckpoint::add_tensor(const std::string& name, std::vector<std::int64_t> shape, float value) {
  StoredTensor tensor{name, Dtype::f32, std::move(shape), {}};
  tensor.bytes.resize(static_cast<std::size_t>(tensor.view().elements()) * sizeof value);
  for (std::size_t at = 0; at < tensor.bytes.size(); at += sizeof value)
    std::memcpy(&tensor.bytes[at], &value, sizeof value);
  tensors_.push_back(std::move(tensor));
}

void EditedCheckpoint::write() const {
  for (const auto& entry : fs::directory_iterator(path())) fs::remove_all(entry);
  write_config(path(), config_);
  write_safetensors(path() / "model.safetensors", tensors_);
}

void EditedCheckpoint::edit_config(const std::function<void(Json&)>& edit) const {
  Json json = Json::parse(std::ifstream(path() / "config.json"));
  edit(json);
  std::ofstream(path() / "config.json") << json;
}

void EditedCheckpoint::write_file(const std::string& name, const std::string& text) const {
  std::ofstream(path() / name) << text;
}

void EditedCheckpoint::shard(std::size_t low, const std::function<void(Json&)>& edit) const {
  fs::remove(path() / "model.safetensors");
  const std::span<const StoredTensor> all = tensors_;
  Json map;
  for (std::size_t i = 0; i < all.size(); ++i) map[all[i].name] = i < low ? "a.safetensors" : "b.safetensors";
  const auto copy = [](std::span<const StoredTensor> part) {
    return std::vector<StoredTensor>(part.begin(), part.end());
  };
  write_safetensors(path() / "a.safetensors", copy(all.first(low)));
  write_safetensors(path() / "b.safetensors", copy(all.subspan(low)));
  if (edit) edit(map);
  std::ofstream(path() / "model.safetensors.index.json") << Json{{"weight_map", map}};
}

std::string EditedCheckpoint::refusal() const {
  try {
    load_weights(path());
  } catch (const ConfigError& error) {
    std::string text = error.what();
    EXPECT_TRUE(text.starts_with(path().string())) << text;
    const std::string folder = path().string() + "/";
    for (std::size_t at; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
    return text.starts_with(path().string()) ? text.substr(path().string().size() + 2) : text;
  }
  return "";
}

std::string EditedCheckpoint::refusal_with(const std::function<void(Json&)>& edit) const {
  write();
  edit_config(edit);
  return refusal();
}

}  // namespace speclab
