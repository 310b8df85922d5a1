#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/clocks.h"
#include "core/cost_model.h"
#include "core/decoder.h"
#include "core/host_distributions.h"
#include "core/metered.h"
#include "core/recorder.h"
#include "core/roofline.h"
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
  LanguageModel& make_early_exit(int layers);
  std::vector<std::vector<Token>> read_corpus(const std::string& path, const Config& config,
                                              ModelShelf& shelf);
  Continuations promise_continuations();
  void record_continuations();
  Actor next_draft_actor();  // ConfigError where its passes have no price
  DraftHeads& make_heads(HeadKind kind, const std::string& path, const std::string& base,
                         const Config& config, ModelShelf& shelf);
  FeatureDraft make_features(const std::string& path, const Config& config, ModelShelf& shelf);
  // The folder of heads, and the weights of the model that they sit on.
  void add_digest(const std::string& key, const std::string& digest);
  std::pair<std::filesystem::path, const LlamaWeights*> heads_folder(const std::string& path,
                                                                     const std::string& base,
                                                                     const Config& config, ModelShelf& shelf);
  // ImpossiblePoint where a request outgrows a draft model's positions.
  void check_positions(const std::string& path, int positions) const;
  void resolve(const Params& params);
  void decode(std::span<Sequence> sequences, Decoder& decoder);  // unrecorded
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
  Roofline* roofline_ = nullptr;       // the same, where it is one
  ModelShape priced_shape_;            // the target's, where it is one
  std::size_t priced_drafts_ = 0;      // draft models that have a price
  std::unique_ptr<Clock> clock_;
  std::shared_ptr<const TokenSource> source_;  // of a synthetic target
  std::vector<std::unique_ptr<LanguageModel>> owned_;
  std::unique_ptr<Metered> target_;
  CpuTransformer* transformer_ = nullptr;                // the target, where it is one
  std::map<std::string, CpuTransformer*> transformers_;  // by section
  std::vector<std::unique_ptr<Metered>> drafts_;
  int draft_actors_ = 0;
  bool reads_features_ = false;   // an EAGLE head does
  bool heads_on_target_ = false;  // there is one set of heads, and it sits on the target
  std::vector<std::unique_ptr<CpuHeads>> heads_;
  std::vector<std::unique_ptr<MeteredHeads>> metered_heads_;
  std::set<std::string> drafting_;  // sections whose models draft
  std::vector<std::unique_ptr<HostDistributions>> distributions_;
  std::unique_ptr<Topology> topology_;
  std::unique_ptr<Drafter> drafter_, plain_drafter_;
  std::unique_ptr<AcceptanceRule> rule_, plain_rule_;
  std::unique_ptr<MeteredDrafter> metered_drafter_, metered_plain_drafter_;
  std::unique_ptr<MeteredRule> metered_rule_, metered_plain_rule_;
  std::unique_ptr<Decoder> method_, baseline_;
  // What plain decoding writes after each prompt, recorded before the first run where a drafter is to know
  // it.
  bool continuations_promised_ = false;
  std::vector<std::vector<Token>> continuations_;
};

}  // namespace speclab
