#include "experiments/point/cpu_backend.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/check.h"
#include "core/cost/clocks.h"
#include "core/errors.h"
#include "core/numerics/host_distributions.h"
#include "kernels/cpu/arithmetic.h"
#include "kernels/cpu/cpu_eagle.h"
#include "kernels/cpu/cpu_heads.h"
#include "kernels/cpu/early_exit.h"

namespace speclab {
namespace {

// Weights are made before anything runs: more than the machine has would end it.
void check_memory(const std::string& name, const LlamaConfig& c) {
  const double h = c.hidden, d = c.head_dim;
  const double layer = 2 * h * c.heads * d + 2 * h * c.kv_heads * d + 3 * h * c.intermediate;
  const double bytes = 2 * (c.layers * layer + (c.tied ? 1 : 2) * h * c.vocab);
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (bytes <= memory) return;
  throw ConfigError(
      fmt::format("{}: its weights are {:.1f} GB in bf16, and this machine has {:.1f} GB of memory", name,
                  bytes / 1e9, memory / 1e9));
}

void check_use(const ModelUse& use) {
  if (use.precision != Precision::as_stored) {
    throw ConfigError(
        "precision = 'int8' is there on a GPU only; the processor reads weights as they are stored");
  }
  if (use.products != Products::exact) {
    throw ConfigError("products = 'fastest' is there on a GPU only; on the processor they are exact");
  }
}

}  // namespace

CpuTransformer& CpuBackend::made(const std::string& name, Actor actor,
                                 const std::function<LlamaWeights()>& weights) {
  std::unique_ptr<CpuTransformer>& slot = models_[{name, actor}];
  if (slot == nullptr) slot = std::make_unique<CpuTransformer>(weights(), CpuOptions{.team = team_});
  return *slot;
}

CpuTransformer& CpuBackend::transformer(const std::filesystem::path& folder, Actor actor, int vocab) {
  const std::string name = vocab > 0 ? fmt::format("{}, {} tokens", folder.string(), vocab) : folder.string();
  return made(name, actor, [&] { return load_weights(folder, vocab); });
}

LoadedModel CpuBackend::model(const std::filesystem::path& folder, const ModelUse& use) {
  check_use(use);
  CpuTransformer& found = transformer(folder, use.actor, use.vocab);
  return {found, found.config(), {}, found.config().remarks};
}

LoadedModel CpuBackend::random_model(const std::string& name, const LlamaConfig& config, std::uint64_t seed,
                                     const ModelUse& use) {
  check_use(use);
  check_memory(name, config);
  CpuTransformer& found = made(name, use.actor, [&] { return random_weights(config, Dtype::bf16, seed); });
  return {found, found.config()};
}

CpuTransformer& CpuBackend::own(LanguageModel& model) const {
  const auto found =
      std::ranges::find_if(models_, [&](const auto& entry) { return entry.second.get() == &model; });
  SPECLAB_CHECK(found != models_.end(), "a model of another backend");
  return *found->second;
}

std::unique_ptr<LanguageModel> CpuBackend::early_exit(LanguageModel& whole, int layers) {
  return std::make_unique<EarlyExit>(own(whole), layers);
}

LoadedHeads CpuBackend::heads(HeadKind kind, const std::filesystem::path& folder, LanguageModel& base,
                              int tokens) {
  const HeadTarget target(own(base).weights(), tokens);
  HeadWeights weights = kind == HeadKind::medusa ? load_medusa(folder, target) : load_hydra(folder, target);
  std::vector<std::string> remarks = weights.remarks;
  return {std::make_unique<CpuHeads>(std::move(weights), CpuOptions{.team = team_}), std::move(remarks)};
}

LoadedFeatures CpuBackend::features(const std::filesystem::path& folder, LanguageModel& base, int tokens) {
  auto eagle = std::make_unique<CpuEagle>(load_eagle(folder, HeadTarget(own(base).weights(), tokens)),
                                          CpuOptions{.team = team_});
  const LlamaConfig& config = eagle->config();
  return {std::move(eagle), config.max_positions, config.remarks};
}

std::unique_ptr<Distributions> CpuBackend::distributions() { return std::make_unique<HostDistributions>(); }

std::unique_ptr<Clock> CpuBackend::clock() { return std::make_unique<WallClock>(); }

void CpuBackend::describe(Provenance& provenance) const {
  provenance.cores = team_->size();
  provenance.cpu += std::string(", ") + best_arithmetic().name;
}

}  // namespace speclab
