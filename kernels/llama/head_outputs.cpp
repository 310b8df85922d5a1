#include "kernels/llama/head_outputs.h"

#include <fmt/format.h>

namespace speclab {

std::vector<std::string> medusa_outputs(int i, int layers) {
  return {fmt::format("{}.{}", i, layers), fmt::format("medusa_head.{}.{}", i, layers),
          fmt::format("medusa_heads.{}.{}", i, layers), fmt::format("lm_heads.{}", i),
          fmt::format("medusa_heads.lm_heads.{}", i)};
}

std::vector<std::string> hydra_outputs(int i) {
  return {fmt::format("hydra_lm_head.{}", i), fmt::format("hydra_head.hydra_lm_head.{}", i),
          fmt::format("hydra_lm_head.{}.1", i), fmt::format("hydra_head.hydra_lm_head.{}.1", i)};
}

std::vector<std::string> shared_outputs() { return {"lm_head", "medusa_heads.lm_head"}; }

int medusa_layers(const JsonSettings& settings) {
  return settings.count(settings.has("medusa_num_layers") ? "medusa_num_layers" : "num_hidden_layers", 1);
}

std::int64_t rows_of_outputs(const TensorFiles& files, const JsonSettings& settings) {
  std::vector<std::string> names = hydra_outputs(0);
  if (settings.has("medusa_num_heads") || settings.has("num_heads")) {
    names = medusa_outputs(0, medusa_layers(settings));
    for (const std::string& name : shared_outputs()) names.push_back(name);
  }
  for (const std::string& name : names) {
    if (const std::int64_t rows = files.rows_of(name + ".weight"); rows > 0) return rows;
  }
  return 0;
}

TensorFiles head_files(const std::filesystem::path& directory) {
  constexpr const char* kFiles[] = {"medusa_lm_head.safetensors", "hydra_lm_head.safetensors",
                                    "model.safetensors"};
  return TensorFiles(directory, kFiles);
}

}  // namespace speclab
