#include "experiments/point/point_runner.h"

#include <utility>

#include "core/check.h"
#include "experiments/config/config_section.h"
#include "experiments/point/calibration.h"
#include "experiments/point/run_settings.h"
#include "experiments/point/serve.h"
#include "strategies/compatibility.h"
#include "strategies/drafter_kinds.h"
#include "strategies/drafters/none.h"
#include "strategies/rules/speculative_sampling.h"

namespace speclab {
namespace {

// Watches a run for a recorder, and prices what was measured.
class RecordedRun : public RunObserver {
 public:
  RecordedRun(Recorder& recorder, const CostModel* prices, const Workload& workload)
      : recorder_(recorder), prices_(prices), workload_(workload) {}

  void admit(const Sequence& sequence, std::span<const Charge> charges) override {
    recorder_.admit(sequence, charges, priced(charges));
  }
  void step(std::int64_t index, std::span<const StepRow> rows, std::span<const Charge> charges) override {
    recorder_.step(index, rows, charges, priced(charges));
  }
  void retire(const Sequence& sequence) override {
    recorder_.retire(sequence, workload_.requests[static_cast<std::size_t>(sequence.id)].label, 0);
  }

 private:
  std::span<const Seconds> priced(std::span<const Charge> charges) {
    priced_.clear();
    if (prices_ == nullptr) return priced_;
    for (const Charge& charge : charges) priced_.push_back(prices_->price(charge.work));
    return priced_;
  }

  Recorder& recorder_;
  const CostModel* prices_;
  const Workload& workload_;
  std::vector<Seconds> priced_;
};

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

PointRunner::PointRunner(const Config& config, ModelCache& cache)
    : cache_(cache),
      remarks_(config.remarks),
      pricing_(config, settings_),
      models_(config, cache, pricing_, workload_, settings_) {
  make_clock(config);
  models_.charge_to(*clock_);
  reader_ = models_.backend().reader();
  Params workload = section(config, "workload"), sampling = section(config, "sampling");
  workload_ = read_workload(workload, sampling, models_.facts(), config, cache);
  resolve(workload);
  if (workload_.batch == 1) settings_.erase("workload.refill");
  if (!workload_.prompts_digest.empty()) settings_["workload.prompts_digest"] = workload_.prompts_digest;
  resolve(sampling);
  pricing_.require_room(workload_, models_of(config.sections.value("drafter", nlohmann::json::object())));
  make_strategy(config);
  Params record = section(config, "record");
  steps_recorded_ = read_steps_recorded(record);
  record.finish();
  resolve(record);
}

void PointRunner::resolve(const Params& params) {
  for (const auto& [key, value] : params.resolved()) settings_[params.section() + "." + key] = value;
}

void PointRunner::make_clock(const Config& config) {
  Params p = section(config, "clock");
  const ClockSettings read = read_clock(p);
  repeats_ = read.repeats;
  if (read.measured) {
    clock_ = models_.backend().clock();
  } else {
    if (pricing_.calibrated() != nullptr)
      p.fail("kind",
             "= 'analytic' measures nothing, but price.kind = 'calibrated' has passes timed; set it to "
             "'wall', and prices stand beside what was measured");
    if (pricing_.model() == nullptr)
      p.fail("kind", "= 'analytic' needs a [price] section: a device and the models' shapes");
    clock_ = std::make_unique<AnalyticClock>(*pricing_.model());
  }
  p.finish();
  resolve(p);
}

void PointRunner::make_strategy(const Config& config) {
  Parts parts;
  parts.distributions = [this]() -> Distributions& {
    return *distributions_.emplace_back(models_.backend().distributions());
  };
  parts.target_source = models_.source();
  parts.prices = pricing_.model();
  parts.batch = workload_.batch;
  parts.greedy = workload_.sampling.temperature == 0;
  parts.draft_model = [this](const std::string& name) -> LanguageModel& { return models_.draft(name); };
  parts.early_exit = [this](int layers) -> LanguageModel& { return models_.early_exit(layers); };
  parts.adopt = [this](std::unique_ptr<LanguageModel> model) -> LanguageModel& {
    return models_.adopt(std::move(model));
  };
  parts.corpus = [this](const std::string& path) { return models_.corpus(path); };
  parts.continuations = [this] { return promise_continuations(); };
  parts.draft_heads = [this](HeadKind kind, const std::string& path, const std::string& base) -> DraftHeads& {
    return models_.draft_heads(kind, path, base);
  };
  parts.feature_model = [this](const std::string& path) { return models_.features(path); };
  parts.rule_on_rows = [this](std::unique_ptr<AcceptanceRule> judge) {
    return models_.backend().rule(std::move(judge));
  };
  Params topology = section(config, "topology", kDefaultTopology),
         drafter = section(config, "drafter", kDefaultDrafter), rule = section(config, "rule", kDefaultRule);
  parts.free_drafts = !runs_models(config.sections.value("drafter", nlohmann::json::object()));
  topology_ = make(topologies(), topology, parts);
  parts.new_topology = [&, topology = section(config, "topology", kDefaultTopology)] {
    Params another = topology;
    return make(topologies(), another, parts);
  };
  parts.topology = topology_.get();
  if (!drafter.lacks(kPricedAs)) read_priced_as(drafter);
  drafter_ = make(drafters(), drafter, parts);
  rule_ = parts.rule_on_rows(make(rules(), rule, parts));
  check_compatibility(drafter_->traits(), rule_->requirements(), parts.greedy);
  resolve(drafter);
  resolve(rule);
  settings_["rule.lossless"] = rule_->lossless(workload_.sampling);
  if (find_entry(drafters(), drafter, drafter.resolved().at("kind").get<std::string>()).grows)
    resolve(topology);

  plain_drafter_ = std::make_unique<NoDrafter>();
  // With no guesses: a sample of the target.
  plain_rule_ = parts.rule_on_rows(std::make_unique<SpeculativeSampling>());
  metered_drafter_ = std::make_unique<MeteredDrafter>(*drafter_, *clock_);
  metered_rule_ = std::make_unique<MeteredRule>(*rule_, *clock_);
  metered_plain_drafter_ = std::make_unique<MeteredDrafter>(*plain_drafter_, *clock_);
  metered_plain_rule_ = std::make_unique<MeteredRule>(*plain_rule_, *clock_);
  method_ = std::make_unique<Decoder>(models_.target(), *metered_drafter_, *metered_rule_);
  baseline_ = std::make_unique<Decoder>(models_.target(), *metered_plain_drafter_, *metered_plain_rule_);
}

Continuations PointRunner::promise_continuations() {
  if (workload_.sampling.temperature > 0) {
    throw ImpossiblePoint(
        "this drafter knows what plain decoding writes, and at a temperature above 0 that is another text "
        "each time; set sampling.temperature = 0");
  }
  continuations_promised_ = true;
  return {models_.facts().vocab, [this](SequenceId id) -> std::span<const Token> {
            return continuations_.at(workload_.request_of(id));
          }};
}

void PointRunner::record_continuations() {
  if (!continuations_promised_ || !continuations_.empty()) return;
  std::vector<Sequence> sequences = workload_.sequences();
  decode_plainly(sequences);
  for (const Sequence& s : sequences) {
    continuations_.emplace_back(s.text.begin() + s.prompt_length, s.text.end());
  }
}

void PointRunner::describe(Provenance& provenance) const {
  models_.describe(provenance);
  pricing_.describe(provenance);
  provenance.clock = clock_->kind();
  provenance.judged_on = rule_->judges_on();
  append(provenance.remarks, workload_.remarks);
  append(provenance.remarks, remarks_);
  if (pricing_.calibrated() == nullptr) return;
  provenance.priced_device =
      describe_calibration(TimedTexts(workload_), models_.facts().max_positions, provenance);
}

void PointRunner::calibrate_prices() {
  if (pricing_.calibrated() == nullptr) return;
  calibrate(*pricing_.calibrated(), models_.metered_models(), TimedTexts(workload_), cache_, *clock_);
}

void PointRunner::decode(std::span<Sequence> sequences, Decoder& decoder) {
  RunObserver unwatched;
  serve(decoder, *clock_, sequences, workload_.batch, unwatched);
}

void PointRunner::decode(std::span<Sequence> sequences, AcceptanceRule& rule) {
  record_continuations();
  calibrate_prices();
  Decoder decoder(models_.target(), *metered_drafter_, rule);
  decode(sequences, decoder);
}

void PointRunner::decode_plainly(std::span<Sequence> sequences) { decode(sequences, *baseline_); }

void PointRunner::warm_up() {
  for (Decoder* decoder : {baseline_.get(), method_.get()}) {
    std::vector<Sequence> sequences = workload_.sequences();
    const std::size_t some = std::min(sequences.size(), static_cast<std::size_t>(workload_.batch));
    decode(std::span(sequences).first(some), *decoder);
  }
}

std::vector<HeadRecord> PointRunner::measure_heads() {
  DraftHeads* heads = models_.heads_on_target();
  if (heads == nullptr) return {};
  constexpr std::size_t kPrompts = 8;
  const std::unique_ptr<Distributions> distributions = models_.backend().distributions();
  std::vector<Sequence> sequences = workload_.sequences();
  const auto some = std::span(sequences).first(std::min(sequences.size(), kPrompts));
  decode_plainly(some);
  std::vector<HeadRecord> accuracy = head_accuracy(models_.target(), *heads, *distributions, some);
  clock_->settle();
  return accuracy;
}

std::vector<std::vector<Token>> PointRunner::run(Recorder& recorder) {
  std::vector<std::vector<Token>> written;
  RecordedRun observer(recorder, measured() ? pricing_.model() : nullptr, workload_);
  record_continuations();
  calibrate_prices();
  if (pricing_.calibrated() != nullptr)
    recorder.timed_passes(timed_passes(*pricing_.calibrated(), TimedTexts(workload_)));
  if (measured()) warm_up();
  const Refill further = workload_.refill ? [this](int i) { return workload_.further(i); } : Refill();
  for (int repeat = 0; repeat < repeats_; ++repeat) {
    for (const Role role : {Role::baseline, Role::method}) {
      std::vector<Sequence> sequences = workload_.sequences();
      recorder.start_run(role, repeat);
      serve(role == Role::baseline ? *baseline_ : *method_, *clock_, sequences, workload_.batch, observer,
            further);
      written.clear();
      for (const Sequence& s : sequences)
        written.emplace_back(s.text.begin() + s.prompt_length, s.text.end());
    }
  }
  return written;
}

std::unique_ptr<PointRunner> make_point_runner(const Config& config, ModelCache& cache) {
  try {
    return std::make_unique<PointRunner>(config, cache);
  } catch (const ConfigError&) {
    throw;
  } catch (const BrokenInvariant&) {
    throw;
  } catch (const std::exception&) {  // of the device's memory or the host's
    cache = ModelCache(cache.threads());
  }
  return std::make_unique<PointRunner>(config, cache);
}

}  // namespace speclab
