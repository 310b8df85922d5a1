#pragma once

#include <filesystem>

namespace speclab {

// ConfigError unless `path` is a folder with config.json, tokenizer.json and weights in safetensors, of an
// architecture and of a kind of weights that can be run: it says what the folder is instead, and what can be
// done. Looks at names of files and at config.json alone, so it is to be asked before anything else is read.
void require_model_folder(const std::filesystem::path& path);

// ConfigError where a folder of heads has an adapter, which nobody puts on them.
void refuse_adapter_of_heads(const std::filesystem::path& folder);

}  // namespace speclab
