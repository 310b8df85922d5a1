#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/metered.h"
#include "core/models/sources/token_source.h"
#include "experiments/point/model_cache.h"
#include "experiments/point/pass_timing.h"
#include "experiments/point/pricing.h"
#include "experiments/point/workload.h"
#include "strategies/registry.h"

namespace speclab {

// The settings that [target] or a section of a draft model has where its kind is this.
std::vector<SettingNote> model_settings(const std::string& section, const std::string& kind);

// The models of one point: the target of [target], and what drafts for it. Their passes are charged to the
// point's clock, each to its actor.
class PointModels {
 public:
  using Settings = std::map<std::string, nlohmann::json>;

  // Reads [target]. What is resolved goes into `settings`. `workload` may be read later, but before a draft
  // model is asked for. All must outlive this.
  PointModels(const Config& config, ModelCache& cache, Pricing& pricing, const Workload& workload,
              Settings& settings);

  Backend& backend() { return *backend_; }
  bool on_device() const { return on_device_; }
  // To be told before a model is asked for.
  void charge_to(Clock& clock);

  LanguageModel& target() { return *target_; }
  // The target, then the draft models.
  const std::vector<TimedModel>& metered_models() const { return metered_models_; }
  const TargetFacts& facts() const { return facts_; }
  const std::shared_ptr<const TokenSource>& source() const { return source_; }  // of a synthetic target
  // The only heads, where they sit on the target; null elsewhere.
  DraftHeads* heads_on_target() {
    return heads_.size() == 1 && heads_on_target_ ? heads_.front().get() : nullptr;
  }
  void describe(Provenance& provenance) const;

  // What Parts wants (strategies/registry.h).
  LanguageModel& draft(const std::string& section);
  LanguageModel& adopt(std::unique_ptr<LanguageModel> model);
  LanguageModel& early_exit(int layers);
  DraftHeads& draft_heads(HeadKind kind, const std::string& path, const std::string& base);
  FeatureDraft features(const std::string& path);
  std::vector<std::vector<Token>> corpus(const std::string& path);

 private:
  // `name` and `max_positions` as in TimedModel.
  LanguageModel& metered(LanguageModel& model, Actor actor, const std::string& name, int max_positions);
  // Everything that the time of its passes depends on.
  std::string name_of(const Params& p) const;
  // Of the target's tokenizer; 0 without one.
  int tokens() const { return facts_.tokenizer ? facts_.tokenizer->vocab() : 0; }
  // Of how many tokens models are loaded: those of which the target, every draft checkpoint and heads have
  // rows, where rows differ and the tokenizer has no more; 0: as they are stored.
  int common_vocab(const std::filesystem::path& target, const Tokenizer& tokenizer);
  // A checkpoint's folder is digested and its tokenizer compared with the target's, if it is not the target's
  // own.
  LoadedModel load_checkpoint(Params& p, Actor actor);
  LoadedModel make_random(Params& p, Actor actor);
  // ConfigError where heads cannot sit on the model of that section.
  LanguageModel& base_of_heads(const std::string& base);
  void refuse_to_time_heads() const;
  std::filesystem::path heads_folder(const std::string& path);
  // ImpossiblePoint where a request outgrows a draft model's positions.
  void check_positions(const std::string& path, int positions) const;
  // The parts of a merge may each have files of their own.
  void add_digest(const std::string& key, const std::string& digest);
  void resolve(const Params& params);

  const Config& config_;
  ModelCache& cache_;
  Pricing& pricing_;
  const Workload& workload_;
  Settings& settings_;
  std::vector<std::string> remarks_;  // as Provenance has them
  Backend* backend_ = nullptr;
  bool on_device_ = false;  // the models with weights are
  Clock* clock_ = nullptr;
  TargetFacts facts_;
  int common_vocab_ = 0;
  std::shared_ptr<const TokenSource> source_;
  std::map<std::string, LoadedModel> loaded_;  // by section
  std::vector<std::unique_ptr<LanguageModel>> owned_;
  LanguageModel* unmetered_target_ = nullptr;
  std::unique_ptr<Metered> target_;
  std::string target_name_, device_;
  std::vector<std::unique_ptr<Metered>> drafts_;
  std::vector<TimedModel> metered_models_;
  std::set<std::string> drafting_;  // sections whose models draft
  std::vector<std::unique_ptr<DraftHeads>> heads_;
  bool heads_on_target_ = false;
  std::vector<std::unique_ptr<MeteredHeads>> metered_heads_;
  bool reads_features_ = false;  // an EAGLE head does
};

}  // namespace speclab
