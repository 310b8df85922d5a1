#pragma once

#include <filesystem>
#include <memory>

#include "core/clock.h"
#include "core/distributions.h"
#include "core/draft_heads.h"
#include "core/feature_model.h"
#include "core/models/llama_config.h"
#include "core/recorder.h"
#include "strategies/registry.h"

namespace speclab {

// A model with weights. Whoever made it keeps it.
struct LoadedModel {
  LanguageModel& model;
  const LlamaConfig& config;
};

struct LoadedFeatures {
  std::unique_ptr<FeatureModel> model;
  int max_positions = 0;
};

// Where models with weights run. ConfigError where a folder does not hold what is asked for, or does not fit.
class Backend {
 public:
  virtual ~Backend() = default;
  // Loaded once per folder and actor: a target and a draft from one checkpoint have caches of their own.
  virtual LoadedModel model(const std::filesystem::path& folder, Actor actor) = 0;
  // On a model that came from here.
  virtual std::unique_ptr<LanguageModel> early_exit(LanguageModel& whole, int layers) = 0;
  virtual std::unique_ptr<DraftHeads> heads(HeadKind kind, const std::filesystem::path& folder,
                                            LanguageModel& base) = 0;
  virtual LoadedFeatures features(const std::filesystem::path& folder, LanguageModel& base) = 0;
  virtual std::unique_ptr<Distributions> distributions() = 0;
  virtual std::unique_ptr<Clock> clock() = 0;  // that measures
  virtual void describe(Provenance& provenance) const = 0;
};

}  // namespace speclab
