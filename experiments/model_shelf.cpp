#include "experiments/model_shelf.h"

#include "experiments/files.h"

namespace speclab {

CpuBackend& ModelShelf::cpu() {
  if (cpu_ == nullptr) cpu_ = std::make_unique<CpuBackend>(threads_);
  return *cpu_;
}

const Tokenizer& ModelShelf::tokenizer(const std::filesystem::path& directory) {
  const auto found = tokenizers_.find(directory);
  if (found != tokenizers_.end()) return found->second;
  return tokenizers_.emplace(directory, Tokenizer::load(directory / "tokenizer.json")).first->second;
}

const std::string& ModelShelf::digest_of(const std::filesystem::path& path) {
  std::string& slot = digests_[path];
  if (slot.empty()) slot = digest(path);
  return slot;
}

}  // namespace speclab
