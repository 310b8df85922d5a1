#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/models/tokenizer.h"
#include "experiments/cpu_backend.h"

namespace speclab {

// What points of one thread share: models, tokenizers, digests of files. Each is loaded once.
class ModelShelf {
 public:
  // Models on the processor compute with this many threads; 0: all cores.
  explicit ModelShelf(int threads) : threads_(threads) {}
  int threads() const { return threads_; }

  CpuBackend& cpu();
  // "cpu", "cuda" or "cuda:N". ConfigError where there is no such device.
  Backend& backend(const std::string& device);
  const Tokenizer& tokenizer(const std::filesystem::path& directory);
  const std::string& digest_of(const std::filesystem::path& path);

 private:
  int threads_;
  std::unique_ptr<CpuBackend> cpu_;
  std::map<int, std::unique_ptr<Backend>> cuda_;  // by number
  std::map<std::filesystem::path, Tokenizer> tokenizers_;
  std::map<std::filesystem::path, std::string> digests_;
};

}  // namespace speclab
