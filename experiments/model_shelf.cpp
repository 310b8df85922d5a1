#include "experiments/model_shelf.h"

#include "experiments/files.h"

namespace speclab {

CpuTransformer& ModelShelf::model(const std::filesystem::path& directory, Actor actor) {
  std::unique_ptr<CpuTransformer>& slot = models_[{directory, actor}];
  if (slot == nullptr) {
    if (team_ == nullptr) team_ = std::make_shared<ThreadTeam>(threads_);
    slot = std::make_unique<CpuTransformer>(load_weights(directory), CpuOptions{.team = team_});
  }
  return *slot;
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
