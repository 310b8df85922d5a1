#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/cost/calibrated_cost.h"
#include "core/models/tokenizer/tokenizer.h"
#include "experiments/config/digest.h"
#include "experiments/point/cpu_backend.h"

namespace speclab {

// What points of one thread share: models, tokenizers, digests of files, times of passes. Each is got once.
class ModelCache {
 public:
  // Models on the processor compute with this many threads; 0: all cores.
  explicit ModelCache(int threads) : threads_(threads) {}
  int threads() const { return threads_; }

  CpuBackend& cpu();
  // "cpu", "cuda" or "cuda:N". ConfigError where there is no such device.
  Backend& backend(const std::string& device);
  const Tokenizer& tokenizer(const std::filesystem::path& directory);
  const std::string& digest_of(const std::filesystem::path& path, DigestKind kind);
  // What passes took, by the model's name and by what the texts were.
  std::map<std::string, PassTable>& timed_passes() { return timed_passes_; }

 private:
  int threads_;
  std::unique_ptr<CpuBackend> cpu_;
  std::map<int, std::unique_ptr<Backend>> cuda_;  // by number
  std::map<std::filesystem::path, Tokenizer> tokenizers_;
  std::map<std::pair<std::filesystem::path, DigestKind>, std::string> digests_;
  std::map<std::string, PassTable> timed_passes_;
};

}  // namespace speclab
