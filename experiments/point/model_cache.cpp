#include "experiments/point/model_cache.h"

#include <fmt/format.h>

#include <charconv>

#include "core/errors.h"
#include "experiments/point/cuda_backend.h"

namespace speclab {

CpuBackend& ModelCache::cpu() {
  if (cpu_ == nullptr) cpu_ = std::make_unique<CpuBackend>(threads_);
  return *cpu_;
}

Backend& ModelCache::backend(const std::string& device) {
  if (device == "cpu") return cpu();
  int number = 0;
  const std::string_view given = device;
  if (given != "cuda") {
    const std::string_view digits = given.starts_with("cuda:") ? given.substr(5) : std::string_view();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || number < 0) {
      throw ConfigError(
          fmt::format("target.device = '{}' is none of: cpu, cuda, cuda:0, cuda:1, ...", device));
    }
  }
  std::unique_ptr<Backend>& slot = cuda_[number];
  if (slot == nullptr) slot = make_cuda_backend(number);
  return *slot;
}

const Tokenizer& ModelCache::tokenizer(const std::filesystem::path& directory) {
  const auto found = tokenizers_.find(directory);
  if (found != tokenizers_.end()) return found->second;
  return tokenizers_.emplace(directory, Tokenizer::load(directory / "tokenizer.json")).first->second;
}

const std::string& ModelCache::digest_of(const std::filesystem::path& path, DigestKind kind) {
  std::string& slot = digests_[{path, kind}];
  if (slot.empty()) slot = digest(path, kind);
  return slot;
}

}  // namespace speclab
