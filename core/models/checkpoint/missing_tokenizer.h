#pragma once

#include <filesystem>

namespace speclab {

// ConfigError where there is no such file; it names the tokenizer of another kind that lies there instead,
// and how a tokenizer.json is made of it.
void require_tokenizer(const std::filesystem::path& tokenizer_json);

}  // namespace speclab
