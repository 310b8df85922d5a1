#include "experiments/cpu_backend.h"

#include <algorithm>

#include "core/check.h"
#include "core/clocks.h"
#include "core/host_distributions.h"
#include "kernels/cpu/arithmetic.h"
#include "kernels/cpu/cpu_eagle.h"
#include "kernels/cpu/cpu_heads.h"
#include "kernels/cpu/early_exit.h"

namespace speclab {

CpuTransformer& CpuBackend::transformer(const std::filesystem::path& folder, Actor actor) {
  std::unique_ptr<CpuTransformer>& slot = models_[{folder, actor}];
  if (slot == nullptr) {
    slot = std::make_unique<CpuTransformer>(load_weights(folder), CpuOptions{.team = team_});
  }
  return *slot;
}

LoadedModel CpuBackend::model(const std::filesystem::path& folder, Actor actor) {
  CpuTransformer& found = transformer(folder, actor);
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

std::unique_ptr<DraftHeads> CpuBackend::heads(HeadKind kind, const std::filesystem::path& folder,
                                              LanguageModel& base) {
  const LlamaWeights& weights = own(base).weights();
  return std::make_unique<CpuHeads>(
      kind == HeadKind::medusa ? load_medusa(folder, weights) : load_hydra(folder, weights),
      CpuOptions{.team = team_});
}

LoadedFeatures CpuBackend::features(const std::filesystem::path& folder, LanguageModel& base) {
  auto eagle = std::make_unique<CpuEagle>(load_eagle(folder, own(base).weights()), CpuOptions{.team = team_});
  const int positions = eagle->config().max_positions;
  return {std::move(eagle), positions};
}

std::unique_ptr<Distributions> CpuBackend::distributions() { return std::make_unique<HostDistributions>(); }

std::unique_ptr<Clock> CpuBackend::clock() { return std::make_unique<WallClock>(); }

void CpuBackend::describe(Provenance& provenance) const {
  provenance.cores = team_->size();
  provenance.cpu += std::string(", ") + best_arithmetic().name;
}

}  // namespace speclab
