#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/cost/clocks.h"
#include "core/decoder.h"
#include "core/metered.h"
#include "core/results/recorder.h"
#include "experiments/config/config_file.h"
#include "experiments/point/head_accuracy.h"
#include "experiments/point/point_models.h"
#include "experiments/point/pricing.h"
#include "experiments/point/workload.h"
#include "strategies/registry.h"

namespace speclab {

// One point, put together: the only place that knows every part. Making it checks every setting;
// ConfigError says what is wrong with them, ImpossiblePoint that they do not go together.
class PointRunner {
 public:
  PointRunner(const Config& config, ModelCache& cache);

  // Resolved: defaults and seeds included, what the point does not use left out.
  const std::map<std::string, nlohmann::json>& settings() const { return settings_; }
  bool measured() const { return clock_->kind() != ClockKind::priced; }
  bool on_device() const { return models_.on_device(); }
  const Workload& workload() const { return workload_; }
  const Tokenizer* tokenizer() const { return models_.facts().tokenizer; }
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
  LanguageModel& target() { return models_.target(); }
  RowReader& reader() { return *reader_; }  // of rows that the target gives and the rule judges

 private:
  void make_clock(const Config& config);
  void make_strategy(const Config& config);
  Continuations promise_continuations();
  void record_continuations();
  void resolve(const Params& params);
  void calibrate_prices();                                       // once, where they are to be timed
  void decode(std::span<Sequence> sequences, Decoder& decoder);  // unrecorded
  void warm_up();  // fills caches and buffers, once per role, unrecorded

  ModelCache& cache_;
  std::vector<std::string> remarks_;  // of the config
  std::map<std::string, nlohmann::json> settings_;
  Workload workload_;
  Pricing pricing_;
  PointModels models_;
  int repeats_ = 1;
  bool steps_recorded_ = true;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<RowReader> reader_;
  std::vector<std::unique_ptr<Distributions>> distributions_;
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

// The same, but where there is no room for the point's models beside those of earlier ones, these go: no
// runner may be left that uses them.
std::unique_ptr<PointRunner> make_point_runner(const Config& config, ModelCache& cache);

}  // namespace speclab
