#include "core/models/checkpoint/model_folder.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/errors.h"
#include "core/models/checkpoint/llama_config.h"
#include "core/models/checkpoint/missing_tokenizer.h"
#include "core/models/checkpoint/pickled_weights.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWanted =
    "a model is a folder in Hugging Face layout, with config.json, tokenizer.json and model.safetensors";

// The name of a file that ends so; empty where there is none.
std::string file_that_ends(const fs::path& folder, std::string_view end) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(end)) return name;
  }
  return "";
}

// Of heads, by whatever name their authors give them.
bool has_any_weights(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".safetensors") && !name.starts_with("adapter_model")) return true;
  }
  return !pickled_weights(folder).empty();
}

bool has_safetensors(const fs::path& folder) {
  return fs::exists(folder / "model.safetensors") || fs::exists(folder / "model.safetensors.index.json");
}

void check_weights(const fs::path& folder) {
  const auto refuse = [&](const std::string& what) {
    throw ConfigError(fmt::format("{}: {}", folder.string(), what));
  };
  for (const char* name : {"quantize_config.json", "quant_config.json", "hf_quant_config.json"}) {
    if (fs::exists(folder / name)) {
      refuse(
          fmt::format("has a {}, so its weights are quantized (GPTQ, AWQ or ModelOpt), which cannot be read; "
                      "take the model as it was before, in F32, F16 or BF16",
                      name));
    }
  }
  if (has_safetensors(folder)) return;
  if (const std::vector<std::string> pickled = pickled_weights(folder); !pickled.empty()) {
    refuse(
        fmt::format("has weights as PyTorch pickles them ({}), but no model.safetensors; where transformers "
                    "is installed, python3 -c \"from transformers import AutoModelForCausalLM as M; "
                    "M.from_pretrained('{}', torch_dtype='auto').save_pretrained('{}', "
                    "safe_serialization=True)\" writes it",
                    pickled.front(), folder.string(), folder.string()));
  }
}

}  // namespace

void require_model_folder(const fs::path& path) {
  const auto refuse = [&](const std::string& what) {
    throw ConfigError(fmt::format("{}: {}", path.string(), what));
  };
  if (!fs::exists(path)) refuse(fmt::format("is not there; {}", kWanted));
  if (!fs::is_directory(path)) {
    refuse(path.extension() == ".gguf" ? fmt::format("is a GGUF file, which cannot be read; {}", kWanted)
                                       : fmt::format("is a file; {}", kWanted));
  }
  if (fs::is_empty(path)) refuse(fmt::format("is an empty folder; {}", kWanted));
  if (fs::exists(path / "adapter_config.json")) {
    if (has_safetensors(path) || !pickled_weights(path).empty()) {
      refuse(
          "has an adapter_config.json beside the model's weights; transformers puts that adapter (LoRA or "
          "the "
          "like) on the model, speclab cannot: merge it into the model (peft: merge_and_unload, then "
          "save_pretrained) and take that folder, or move adapter_config.json away for the model without it");
    }
    refuse(
        "is an adapter (LoRA or the like), not a model; merge it into its base model (peft: "
        "merge_and_unload, then save_pretrained) and take that folder");
  }
  if (!fs::exists(path / "config.json")) {
    const std::string gguf = file_that_ends(path, ".gguf");
    if (!gguf.empty())
      refuse(fmt::format("has GGUF files alone ({}), which cannot be read; {}", gguf, kWanted));
    if (fs::exists(path / "params.json"))
      refuse(fmt::format("is a model in its makers' own layout (params.json); {}", kWanted));
    throw ConfigError(fmt::format("{}: there is no such file; {}", (path / "config.json").string(), kWanted));
  }
  read_llama_config(path);
  check_weights(path);
  require_tokenizer(path / "tokenizer.json");
}

void refuse_adapter_of_heads(const fs::path& folder) {
  if (!fs::exists(folder / "adapter_config.json")) return;
  const std::string merge =
      "merge it into what it was trained on, heads or target (peft: merge_and_unload, then save_pretrained)";
  throw ConfigError(fmt::format(
      "{}: {}", folder.string(),
      has_any_weights(folder) ? "has an adapter_config.json beside the heads' weights, and that adapter "
                                "(LoRA or the like) cannot be put on: " +
                                    merge + ", or move adapter_config.json away for the heads without it"
                              : "is an adapter (LoRA or the like), not heads; " + merge));
}

}  // namespace speclab
