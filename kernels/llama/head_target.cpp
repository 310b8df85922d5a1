#include "kernels/llama/head_target.h"

#include "core/models/checkpoint/tensor_files.h"
#include "kernels/llama/head_outputs.h"

namespace speclab {
namespace {

// More rows than the tokenizer has tokens, as files are found; two tokenizers of unlike sizes differ by more.
constexpr int kMaxPadding = 1024;

}  // namespace

void check_vocab(const JsonSettings& settings, int rows, const HeadTarget& target, const char* what) {
  const int of_target = target.config.vocab;
  if (rows == of_target) return;
  const bool padded = target.tokens > 0 && rows > of_target && rows < target.tokens + kMaxPadding;
  if (padded) return;
  settings.refuse(fmt::format(
      "'vocab_size' is {}, but the target's is {}{}; {} to another target", rows, of_target,
      target.tokens > 0 ? fmt::format(" (its tokenizer has {} tokens)", target.tokens) : "", what));
}

int rows_of_heads(const std::filesystem::path& directory) {
  try {
    const std::filesystem::path path = directory / "config.json";
    const nlohmann::json config = read_json_object(path);
    const JsonSettings settings(config, path.string());
    if (settings.has("vocab_size")) return settings.count("vocab_size");
    return static_cast<int>(rows_of_outputs(head_files(directory), settings));
  } catch (const ConfigError&) {
    return 0;  // loading the heads reports what is wrong
  }
}

}  // namespace speclab
