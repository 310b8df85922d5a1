#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/clocks.h"
#include "core/cost_model.h"
#include "core/decoder.h"
#include "core/host_distributions.h"
#include "core/metered.h"
#include "core/recorder.h"
#include "experiments/config_file.h"
#include "experiments/head_accuracy.h"
#include "experiments/model_shelf.h"
#include "experiments/workload.h"
#include "kernels/cpu/cpu_eagle.h"
#include "kernels/cpu/cpu_heads.h"
#include "strategies/registry.h"

namespace speclab {

// One point, put together: the only place that knows every part. Making it checks every setting;
// ConfigError says what is wrong with them, ImpossiblePoint that they do not go together.
class Rig {
 public:
  Rig(const Config& config, ModelShelf& shelf);

  // Resolved: defaults and seeds included, what the point does not use left out.
  const std::map<std::string, nlohmann::json>& settings() const { return settings_; }
  bool measured() const { return clock_kind_ == ClockKind::wall; }
  const Workload& workload() const { return workload_; }
  const Tokenizer* tokenizer() const { return facts_.tokenizer; }
  bool steps_recorded() const { return steps_recorded_; }
  void describe(Provenance& provenance) const;  // clock and prices

  // How right the drafter's heads are along what plain decoding writes after the first few prompts; empty
  // where it has none.
  std::vector<HeadRecord> measure_heads();

  // Runs A B A B: plain decoding and the method over all requests, `repeats` times, into a begun recorder.
  // Returns what the method wrote after each prompt.
  std::vector<std::vector<Token>> run(Recorder& recorder);

  // Decodes sequences to their ends, unrecorded: by the method with verdicts from `rule`, which may watch or
  // replace the method's own, or plainly.
  void decode(std::span<Sequence> sequences, AcceptanceRule& rule);
  void decode_plainly(std::span<Sequence> sequences);
  AcceptanceRule& rule() { return *rule_; }
  LanguageModel& target() { return *target_; }

 private:
  void make_target(const Config& config, ModelShelf& shelf);
  void make_prices(const Config& config);
  void make_clock(const Config& config);
  void make_strategy(const Config& config, ModelShelf& shelf);
  LanguageModel& make_draft(const std::string& section, const Config& config, ModelShelf& shelf);
  LanguageModel& metered_draft(LanguageModel& model);
  Actor next_draft_actor();  // ConfigError where its passes have no price
  DraftHeads& make_heads(HeadKind kind, const std::string& path, const Config& config, ModelShelf& shelf);
  FeatureDraft make_features(const std::string& path, const Config& config, ModelShelf& shelf);
  // The folder of heads, and the target's weights that they sit on.
  std::pair<std::filesystem::path, const LlamaWeights*> heads_folder(const std::string& path,
                                                                     const Config& config, ModelShelf& shelf);
  // ImpossiblePoint where a request outgrows a draft model's positions.
  void check_positions(const std::string& path, int positions) const;
  void resolve(const Params& params);
  void warm_up();  // fills caches and buffers, once per role, unrecorded

  std::map<std::string, nlohmann::json> settings_;
  Workload workload_;
  TargetFacts facts_;
  ClockKind clock_kind_ = ClockKind::wall;
  int repeats_ = 1;
  int threads_ = 0;  // of the target's model; 0: a synthetic one
  bool steps_recorded_ = true;
  std::string priced_device_, priced_target_, priced_draft_;

  std::unique_ptr<CostModel> prices_;  // null: nothing is priced
  std::size_t priced_drafts_ = 0;      // draft models that have a price
  std::unique_ptr<Clock> clock_;
  std::shared_ptr<const TokenSource> source_;  // of a synthetic target
  std::vector<std::unique_ptr<LanguageModel>> owned_;
  std::unique_ptr<Metered> target_;
  CpuTransformer* transformer_ = nullptr;  // the target's, where it is a checkpoint
  std::vector<std::unique_ptr<Metered>> drafts_;
  int draft_actors_ = 0;
  std::unique_ptr<CpuHeads> heads_;  // null: the drafter has none
  std::unique_ptr<MeteredHeads> metered_heads_;
  HostDistributions distributions_;
  std::unique_ptr<Topology> topology_;
  std::unique_ptr<Drafter> drafter_, plain_drafter_;
  std::unique_ptr<AcceptanceRule> rule_, plain_rule_;
  std::unique_ptr<MeteredDrafter> metered_drafter_, metered_plain_drafter_;
  std::unique_ptr<MeteredRule> metered_rule_, metered_plain_rule_;
  std::unique_ptr<Decoder> method_, baseline_;
};

}  // namespace speclab
