#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "experiments/point/backend.h"
#include "kernels/cpu/cpu_transformer.h"

namespace speclab {

// Models on this machine's processor. They take turns on one team of threads.
class CpuBackend : public Backend {
 public:
  explicit CpuBackend(int threads) : team_(std::make_shared<ThreadTeam>(threads)) {}

  LoadedModel model(const std::filesystem::path& folder, const ModelUse& use) override;
  LoadedModel random_model(const std::string& name, const LlamaConfig& config, std::uint64_t seed,
                           const ModelUse& use) override;
  std::unique_ptr<LanguageModel> early_exit(LanguageModel& whole, int layers) override;
  LoadedHeads heads(HeadKind kind, const std::filesystem::path& folder, LanguageModel& base,
                    int tokens) override;
  LoadedFeatures features(const std::filesystem::path& folder, LanguageModel& base, int tokens) override;
  std::unique_ptr<AcceptanceRule> rule(std::unique_ptr<AcceptanceRule> on_host) override { return on_host; }
  std::unique_ptr<Distributions> distributions() override;
  std::unique_ptr<RowReader> reader() override { return std::make_unique<RowReader>(); }
  std::unique_ptr<Clock> clock() override;
  void describe(Provenance& provenance) const override;

  // `vocab`: see Checkpoint.
  CpuTransformer& transformer(const std::filesystem::path& folder, Actor actor, int vocab = 0);
  const std::shared_ptr<ThreadTeam>& team() const { return team_; }

 private:
  CpuTransformer& own(LanguageModel& model) const;
  CpuTransformer& made(const std::string& name, Actor actor, const std::function<LlamaWeights()>& weights);

  std::shared_ptr<ThreadTeam> team_;
  std::map<std::pair<std::string, Actor>, std::unique_ptr<CpuTransformer>> models_;  // by folder, or by shape
};

}  // namespace speclab
