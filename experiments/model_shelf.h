#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/language_model.h"
#include "core/models/tokenizer.h"
#include "core/work.h"
#include "kernels/cpu/cpu_transformer.h"

namespace speclab {

// Models and tokenizers that points of one thread share: each is loaded once.
class ModelShelf {
 public:
  // Models compute with this many threads; 0: all cores.
  explicit ModelShelf(int threads) : threads_(threads) {}
  int threads() const { return threads_; }
  int team_size() const { return team_ == nullptr ? 0 : team_->size(); }

  const std::shared_ptr<ThreadTeam>& team() const { return team_; }  // null before the first model

  // A target and a draft from one checkpoint are two models: their caches differ.
  CpuTransformer& model(const std::filesystem::path& directory, Actor actor);
  const Tokenizer& tokenizer(const std::filesystem::path& directory);
  const std::string& digest_of(const std::filesystem::path& path);

 private:
  int threads_;
  std::shared_ptr<ThreadTeam> team_;  // models take turns
  std::map<std::pair<std::filesystem::path, Actor>, std::unique_ptr<CpuTransformer>> models_;
  std::map<std::filesystem::path, Tokenizer> tokenizers_;
  std::map<std::filesystem::path, std::string> digests_;
};

}  // namespace speclab
