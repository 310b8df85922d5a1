#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/clock.h"
#include "core/distributions.h"
#include "core/draft_heads.h"
#include "core/feature_model.h"
#include "core/models/checkpoint/llama_config.h"
#include "core/results/recorder.h"
#include "core/row_reader.h"
#include "strategies/registry.h"

namespace speclab {

// A model with weights, owned by the backend.
struct LoadedModel {
  LanguageModel& model;
  const LlamaConfig& config;
  std::string runs = {};                  // what was found out about how it is best run, for the result file
  std::vector<std::string> remarks = {};  // as Provenance has them
};

struct LoadedFeatures {
  std::unique_ptr<FeatureModel> model;
  int max_positions = 0;
  std::vector<std::string> remarks = {};  // likewise
};

struct LoadedHeads {
  std::unique_ptr<DraftHeads> heads;
  std::vector<std::string> remarks = {};  // likewise
};

// How matrices lie where they are read: as the checkpoint stores them, or in int8 with a scale per output.
enum class Precision : std::uint8_t { as_stored, int8 };

// How products of many rows are made: in one order of summation, so that a row depends on its tokens alone to
// the last bit; or by whatever is fastest for so many rows.
enum class Products : std::uint8_t { exact, fastest };

// Which of a folder's or a shape's models: whose it is, and how it runs. A target and a draft of one kind
// have caches of their own.
struct ModelUse {
  Actor actor = Actor::target;
  Precision precision = Precision::as_stored;
  Products products = Products::exact;
  int vocab = 0;  // of a folder's model: see Checkpoint
};

// Where models with weights run, and what reads their rows there. ConfigError where a folder does not hold
// what is asked for, or does not fit.
class Backend {
 public:
  virtual ~Backend() = default;
  // Loaded once for each use.
  virtual LoadedModel model(const std::filesystem::path& folder, const ModelUse& use) = 0;
  // One that has learnt nothing, for measuring time at any shape; bf16. Made once for each name and use.
  virtual LoadedModel random_model(const std::string& name, const LlamaConfig& config, std::uint64_t seed,
                                   const ModelUse& use) = 0;
  // On a model that came from here.
  virtual std::unique_ptr<LanguageModel> early_exit(LanguageModel& whole, int layers) = 0;
  // Heads on a model that came from here. `tokens`: see HeadTarget.
  virtual LoadedHeads heads(HeadKind kind, const std::filesystem::path& folder, LanguageModel& base,
                            int tokens) = 0;
  virtual LoadedFeatures features(const std::filesystem::path& folder, LanguageModel& base, int tokens) = 0;
  // A rule over rows on the host becomes the same over rows that lie where models run.
  virtual std::unique_ptr<AcceptanceRule> rule(std::unique_ptr<AcceptanceRule> on_host) = 0;
  virtual std::unique_ptr<Distributions> distributions() = 0;
  virtual std::unique_ptr<RowReader> reader() = 0;
  virtual std::unique_ptr<Clock> clock() = 0;  // that measures
  virtual void describe(Provenance& provenance) const = 0;
};

}  // namespace speclab
