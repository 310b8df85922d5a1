#include "experiments/rig.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/catalogue.h"
#include "core/constant_cost.h"
#include "core/models/hashed.h"
#include "core/models/markov.h"
#include "core/models/source_model.h"
#include "core/roofline.h"
#include "experiments/files.h"
#include "experiments/serve.h"
#include "kernels/cpu/arithmetic.h"
#include "kernels/cpu/early_exit.h"
#include "strategies/drafters/none.h"
#include "strategies/fit.h"
#include "strategies/rules/speculative_sampling.h"

namespace speclab {
namespace {

using nlohmann::json;

Params section(const Config& config, const std::string& name) {
  return Params(name, config.sections.value(name, json::object()), config.places);
}

// The same, with a kind where none is given.
Params section(const Config& config, const std::string& name, const std::string& kind) {
  json given = config.sections.value(name, json::object());
  if (given.is_object() && !given.contains("kind") && !given.contains("method")) given["kind"] = kind;
  return Params(name, std::move(given), config.places);
}

enum class SourceKind { checkpoint, hashed, markov };

SourceKind read_source_kind(Params& p) {
  return p.choose<SourceKind>({"kind"},
                              {{"checkpoint", SourceKind::checkpoint},
                               {"hashed", SourceKind::hashed},
                               {"markov", SourceKind::markov}},
                              "checkpoint: a folder in Hugging Face layout; hashed, markov: synthetic");
}

std::shared_ptr<const TokenSource> make_source(SourceKind kind, Params& p, int default_seed) {
  const int vocab =
      p.integer({"vocab"}, 16, {.least = 2, .most = 65536}, "tokens of the synthetic vocabulary");
  const auto seed = static_cast<std::uint64_t>(
      p.integer({"source_seed"}, default_seed, {.least = 0}, "of the synthetic text"));
  if (kind == SourceKind::hashed) return std::make_shared<const Hashed>(vocab, seed);
  const double sharpness = p.number({"sharpness"}, 4, {.least = 0, .most = 100}, "spread of the logits");
  return std::make_shared<const Markov>(Markov::random(vocab, sharpness, seed));
}

// A drafter's own word for price.draft, so that an axis of drafters can be priced.
constexpr const char* kPricedAs = "priced_as";

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

class Unwatched : public RunObserver {
 public:
  void admit(const Sequence&, std::span<const Charge>) override {}
  void step(std::int64_t, std::span<const StepRow>, std::span<const Charge>) override {}
  void retire(const Sequence&) override {}
};

}  // namespace

Rig::Rig(const Config& config, ModelShelf& shelf) {
  make_prices(config);
  make_clock(config);
  make_target(config, shelf);
  Params workload = section(config, "workload"), sampling = section(config, "sampling");
  workload_ = read_workload(workload, sampling, facts_, config, shelf);
  resolve(workload);
  if (!workload_.prompts_digest.empty()) settings_["workload.prompts_digest"] = workload_.prompts_digest;
  resolve(sampling);
  make_strategy(config, shelf);
  Params record = section(config, "record");
  steps_recorded_ =
      record.choose<bool>({"detail"}, {{"steps", true}, {"counts", false}},
                          "steps: every step and charge; counts: sums per prompt, for long simulations");
  record.finish();
  resolve(record);
}

void Rig::resolve(const Params& params) {
  for (const auto& [key, value] : params.resolved()) settings_[params.section() + "." + key] = value;
}

void Rig::make_prices(const Config& config) {
  if (!config.sections.contains("price")) return;
  Params p = section(config, "price");
  enum class Kind { roofline, constant };
  const Kind kind =
      p.choose<Kind>({"kind"}, {{"roofline", Kind::roofline}, {"constant", Kind::constant}},
                     "roofline: a device and model shapes; constant: every pass of a model costs the same");
  if (kind == Kind::constant) {
    const double target =
        p.number({"target_pass"}, 1, {.least = 0, .open_least = true}, "seconds of a pass of the target");
    const double draft =
        p.number({"draft_pass", "c"}, 0.1, {.least = 0}, "seconds of a pass of a draft model");
    prices_ = std::make_unique<ConstantCost>(target, draft);
    priced_drafts_ = std::numeric_limits<std::size_t>::max();
    priced_device_ = fmt::format("constant costs, draft/target = {:.3g}", draft / target);
  } else {
    const std::string device_name = p.required_text({"device"}, "a device of `speclab list devices`");
    const std::string stack =
        p.text({"stack"}, "", "efficiency of a software stack of the device's file; \"\": its default");
    const std::string target_name = p.required_text({"target"}, "a shape of `speclab list shapes`");
    std::vector<std::string> draft_names = p.texts(
        {"draft"}, {},
        "likewise, for a drafter that runs a model, or several in its order; of heads: all that one "
        "pass asks, so all of Medusa's together, but one of Hydra's. drafter.priced_as, in an axis of "
        "drafters, goes before it");
    const int devices =
        p.integer({"tensor_parallel", "tp"}, 1, {.least = 1, .most = 1024}, "devices that share each model");
    if (const json own = config.sections.value("drafter", json::object()); own.contains(kPricedAs)) {
      draft_names = Params("drafter", own, config.places).texts({kPricedAs}, {}, "");
    }
    const Device device = find_device(project_configs("devices"), device_name, stack);
    const ModelShape target = find_shape(project_configs("shapes"), target_name);
    std::vector<ModelShape> drafts;
    for (const std::string& draft : draft_names) {
      drafts.push_back(find_shape(project_configs("shapes"), draft));
      priced_draft_ += (priced_draft_.empty() ? "" : ", ") + drafts.back().name;
    }
    priced_device_ = device.name + (devices > 1 ? fmt::format(" x{}", devices) : "");
    priced_target_ = target.name;
    priced_drafts_ = drafts.size();
    priced_shape_ = target;
    auto roofline = std::make_unique<Roofline>(device, target, drafts, devices);
    roofline_ = roofline.get();
    prices_ = std::move(roofline);
  }
  p.finish();
  resolve(p);
}

void Rig::make_clock(const Config& config) {
  Params p = section(config, "clock");
  clock_kind_ = p.choose<ClockKind>({"kind"}, {{"wall", ClockKind::wall}, {"analytic", ClockKind::priced}},
                                    "wall: measured on this machine; analytic: priced by [price] alone");
  if (clock_kind_ == ClockKind::wall) {
    repeats_ = p.integer({"repeats"}, 3, {.least = 1}, "of baseline and method in turn");
    clock_ = std::make_unique<WallClock>();
  } else {
    if (prices_ == nullptr)
      p.fail("kind", "= 'analytic' needs a [price] section: a device and the models' shapes");
    clock_ = std::make_unique<AnalyticClock>(*prices_);
  }
  p.finish();
  resolve(p);
}

void Rig::make_target(const Config& config, ModelShelf& shelf) {
  Params p = section(config, "target");
  const SourceKind kind = read_source_kind(p);
  LanguageModel* model = nullptr;
  if (kind == SourceKind::checkpoint) {
    const std::string path = p.required_text({"path", "model"}, "a model folder in Hugging Face layout");
    const std::filesystem::path folder = find_path("target.path", path, config.directory);
    CpuTransformer& transformer = shelf.model(folder, Actor::target);
    threads_ = shelf.team_size();
    facts_ = {&shelf.tokenizer(folder), transformer.vocab(), transformer.config().max_positions,
              transformer.config().end_tokens};
    settings_["target.digest"] = shelf.digest_of(folder);
    transformers_["target"] = transformer_ = &transformer;
    transformer_->tap({});  // an earlier point may have tapped it
    model = &transformer;
  } else {
    source_ = make_source(kind, p, 1);
    model = owned_.emplace_back(std::make_unique<SourceModel>(source_)).get();
    facts_ = {nullptr, model->vocab(), 0, {}};
  }
  p.finish();
  resolve(p);
  target_ = std::make_unique<Metered>(*model, Actor::target, *clock_);
}

Actor Rig::next_draft_actor() {
  if (prices_ != nullptr && static_cast<std::size_t>(draft_actors_) >= priced_drafts_) {
    throw ConfigError(
        priced_drafts_ == 0
            ? "price.draft is required: the drafter runs a model, and its passes cost time too"
            : fmt::format(
                  "price.draft names {} shapes, but the drafter runs another model; name one for each",
                  priced_drafts_));
  }
  return draft_actor(draft_actors_++);
}

LanguageModel& Rig::metered_draft(LanguageModel& model) {
  return *drafts_.emplace_back(std::make_unique<Metered>(model, next_draft_actor(), *clock_));
}

// The parts of a merge may each have files of their own.
void Rig::add_digest(const std::string& key, const std::string& digest) {
  const auto [slot, first] = settings_.try_emplace(key, digest);
  if (!first) slot->second = slot->second.get<std::string>() + " " + digest;
}

std::pair<std::filesystem::path, const LlamaWeights*> Rig::heads_folder(const std::string& path,
                                                                        const std::string& base,
                                                                        const Config& config,
                                                                        ModelShelf& shelf) {
  const auto found = transformers_.find(base);
  if (found == transformers_.end()) {
    throw ImpossiblePoint(
        fmt::format("heads sit on the hidden rows of a checkpoint; set {}.kind to checkpoint", base));
  }
  if (path.empty()) throw ConfigError("drafter.path is required: the folder of the heads");
  std::filesystem::path folder = find_path("drafter.path", path, config.directory);
  add_digest("drafter.digest", shelf.digest_of(folder));
  return {std::move(folder), &found->second->weights()};
}

DraftHeads& Rig::make_heads(HeadKind kind, const std::string& path, const std::string& base,
                            const Config& config, ModelShelf& shelf) {
  const auto [folder, weights] = heads_folder(path, base, config, shelf);
  CpuHeads& heads = *heads_.emplace_back(std::make_unique<CpuHeads>(
      kind == HeadKind::medusa ? load_medusa(folder, *weights) : load_hydra(folder, *weights),
      CpuOptions{.team = shelf.team()}));
  heads_on_target_ = heads_.size() == 1 && base == "target";
  return *metered_heads_.emplace_back(std::make_unique<MeteredHeads>(heads, next_draft_actor(), *clock_));
}

FeatureDraft Rig::make_features(const std::string& path, const Config& config, ModelShelf& shelf) {
  const auto [folder, weights] = heads_folder(path, "target", config, shelf);
  auto eagle = std::make_unique<CpuEagle>(load_eagle(folder, *weights), CpuOptions{.team = shelf.team()});
  check_positions(path, eagle->config().max_positions);
  if (std::exchange(reads_features_, true)) {
    throw ImpossiblePoint("two EAGLE heads on one target: each would have it report other layers");
  }
  CpuEagle& told = *eagle;
  transformer_->tap(told.taps());
  owned_.push_back(std::move(eagle));
  return {told, metered_draft(told)};
}

void Rig::check_positions(const std::string& path, int positions) const {
  for (const Request& request : workload_.requests) {
    const int needed = static_cast<int>(request.prompt.size()) + workload_.max_new_tokens;
    if (needed <= positions) continue;
    throw ImpossiblePoint(
        fmt::format("the draft model {} has {} positions; a prompt of {} tokens and "
                    "workload.max_new_tokens = {} need {}",
                    path, positions, request.prompt.size(), workload_.max_new_tokens, needed));
  }
}

// Priced as the same part of the priced target's layers.
LanguageModel& Rig::make_early_exit(int layers) {
  if (transformer_ == nullptr) throw ImpossiblePoint("a synthetic target has no layers to leave early");
  LanguageModel& model = *owned_.emplace_back(std::make_unique<EarlyExit>(*transformer_, layers));
  if (roofline_ == nullptr) return metered_draft(model);
  ModelShape part = priced_shape_;
  part.layers = std::max(1, static_cast<int>(std::lround(static_cast<double>(part.layers) * layers /
                                                         transformer_->config().layers)));
  part.windowed_layers = part.windowed_layers * part.layers / priced_shape_.layers;
  part.name = fmt::format("{} of {} layers of {}", part.layers, priced_shape_.layers, part.name);
  priced_draft_ = part.name;
  const Actor actor = draft_actor(roofline_->add_draft(part));  // after those that price.draft names
  return *drafts_.emplace_back(std::make_unique<Metered>(model, actor, *clock_));
}

LanguageModel& Rig::make_draft(const std::string& name, const Config& config, ModelShelf& shelf) {
  if (!name.starts_with("draft") || name == "drafter") {
    throw ConfigError(
        fmt::format("from = '{}': the sections of draft models are draft, draft2, ... draft9", name));
  }
  if (!config.sections.contains(name)) {
    throw ConfigError(
        fmt::format("drafter.kind = 'model' needs a [{}] section with the draft model's path", name));
  }
  if (!drafting_.insert(name).second) {
    throw ConfigError(
        fmt::format("[{}] drafts for two drafters; give one of them a section of its own, "
                    "such as [draft2], and `from = \"draft2\"`",
                    name));
  }
  Params p = section(config, name);
  const SourceKind kind = read_source_kind(p);
  LanguageModel* model = nullptr;
  if (kind == SourceKind::checkpoint) {
    const std::string path = p.required_text({"path", "model"}, "a model folder in Hugging Face layout");
    const std::filesystem::path folder = find_path(name + ".path", path, config.directory);
    if (facts_.tokenizer == nullptr)
      throw ImpossiblePoint("a draft checkpoint cannot draft for a synthetic target");
    if (shelf.tokenizer(folder).fingerprint() != facts_.tokenizer->fingerprint()) {
      throw ConfigError(
          fmt::format("{}.path = \"{}\": its tokenizer has another vocabulary ({} tokens) than the "
                      "target's ({}); a draft must share the target's tokenizer",
                      name, path, shelf.tokenizer(folder).vocab(), facts_.tokenizer->vocab()));
    }
    CpuTransformer& transformer = shelf.model(folder, draft_actor(draft_actors_));
    model = transformers_[name] = &transformer;
    check_positions(path, transformer.config().max_positions);
    settings_[name + ".digest"] = shelf.digest_of(folder);
  } else {
    model = owned_.emplace_back(std::make_unique<SourceModel>(make_source(kind, p, 2 + draft_actors_))).get();
  }
  if (model->vocab() != facts_.vocab) {
    throw ConfigError(fmt::format("the draft's rows have {} tokens, the target's {}; they must be the same",
                                  model->vocab(), facts_.vocab));
  }
  p.finish();
  resolve(p);
  return metered_draft(*model);
}

void Rig::make_strategy(const Config& config, ModelShelf& shelf) {
  Parts parts;
  parts.distributions = [this]() -> Distributions& {
    return *distributions_.emplace_back(std::make_unique<HostDistributions>());
  };
  parts.target_source = source_;
  parts.prices = prices_.get();
  parts.draft_model = [&](const std::string& name) -> LanguageModel& {
    return make_draft(name, config, shelf);
  };
  parts.early_exit = [this](int layers) -> LanguageModel& { return make_early_exit(layers); };
  parts.adopt = [&](std::unique_ptr<LanguageModel> model) -> LanguageModel& {
    return metered_draft(*owned_.emplace_back(std::move(model)));
  };
  parts.corpus = [&](const std::string& path) { return read_corpus(path, config, shelf); };
  parts.continuations = [this] { return promise_continuations(); };
  parts.draft_heads = [&](HeadKind kind, const std::string& path, const std::string& base) -> DraftHeads& {
    return make_heads(kind, path, base, config, shelf);
  };
  parts.feature_model = [&](const std::string& path) { return make_features(path, config, shelf); };
  Params topology = section(config, "topology", "chain"), drafter = section(config, "drafter", "model"),
         rule = section(config, "rule", "speculative_sampling");
  Params peek = drafter;
  parts.free_drafts = !chosen_entry(drafters(), peek).runs_model;
  topology_ = make(topologies(), topology, parts);
  parts.new_topology = [&, topology = section(config, "topology", "chain")] {
    Params another = topology;
    return make(topologies(), another, parts);
  };
  parts.topology = topology_.get();
  if (!drafter.lacks(kPricedAs)) drafter.texts({kPricedAs}, {}, "instead of price.draft");
  drafter_ = make(drafters(), drafter, parts);
  rule_ = make(rules(), rule, parts);
  check_fit(drafter_->traits(), rule_->needs());
  resolve(drafter);
  resolve(rule);
  settings_["rule.lossless"] = rule_->lossless(workload_.sampling);
  if (find_entry(drafters(), drafter, drafter.resolved().at("kind").get<std::string>()).grows)
    resolve(topology);

  plain_drafter_ = std::make_unique<NoDrafter>();
  plain_rule_ = std::make_unique<SpeculativeSampling>();  // with no guesses: a sample of the target
  metered_drafter_ = std::make_unique<MeteredDrafter>(*drafter_, *clock_);
  metered_rule_ = std::make_unique<MeteredRule>(*rule_, *clock_);
  metered_plain_drafter_ = std::make_unique<MeteredDrafter>(*plain_drafter_, *clock_);
  metered_plain_rule_ = std::make_unique<MeteredRule>(*plain_rule_, *clock_);
  method_ = std::make_unique<Decoder>(*target_, *metered_drafter_, *metered_rule_);
  baseline_ = std::make_unique<Decoder>(*target_, *metered_plain_drafter_, *metered_plain_rule_);
}

std::vector<std::vector<Token>> Rig::read_corpus(const std::string& path, const Config& config,
                                                 ModelShelf& shelf) {
  if (facts_.tokenizer == nullptr) {
    throw ImpossiblePoint("drafter.corpus is text, but a synthetic target has no tokenizer; leave it out");
  }
  const std::filesystem::path file = find_path("drafter.corpus", path, config.directory);
  add_digest("drafter.corpus_digest", shelf.digest_of(file));
  std::vector<std::vector<Token>> texts;
  for (Request& text : read_prompts(file, *facts_.tokenizer, facts_.vocab))
    texts.push_back(std::move(text.prompt));
  return texts;
}

Continuations Rig::promise_continuations() {
  if (workload_.sampling.temperature > 0) {
    throw ImpossiblePoint(
        "this drafter knows what plain decoding writes, and at a temperature above 0 that is another text "
        "each time; set sampling.temperature = 0");
  }
  continuations_promised_ = true;
  return {facts_.vocab, [this](SequenceId id) -> std::span<const Token> {
            return continuations_.at(static_cast<std::size_t>(id));
          }};
}

void Rig::record_continuations() {
  if (!continuations_promised_ || !continuations_.empty()) return;
  std::vector<Sequence> sequences = workload_.sequences();
  decode_plainly(sequences);
  for (const Sequence& s : sequences) {
    continuations_.emplace_back(s.text.begin() + s.prompt_length, s.text.end());
  }
}

void Rig::describe(Provenance& provenance) const {
  if (threads_ > 0) {  // a model on the processor
    provenance.cores = threads_;
    provenance.cpu += std::string(", ") + best_arithmetic().name;
  }
  provenance.clock = clock_kind_;
  provenance.priced_device = priced_device_;
  provenance.priced_target = priced_target_;
  provenance.priced_draft = priced_draft_;
}

void Rig::decode(std::span<Sequence> sequences, Decoder& decoder) {
  Unwatched unwatched;
  serve(decoder, *clock_, sequences, workload_.batch, unwatched);
}

void Rig::decode(std::span<Sequence> sequences, AcceptanceRule& rule) {
  record_continuations();
  Decoder decoder(*target_, *metered_drafter_, rule);
  decode(sequences, decoder);
}

void Rig::decode_plainly(std::span<Sequence> sequences) { decode(sequences, *baseline_); }

void Rig::warm_up() {
  for (Decoder* decoder : {baseline_.get(), method_.get()}) {
    std::vector<Sequence> sequences = workload_.sequences();
    const std::size_t some = std::min(sequences.size(), static_cast<std::size_t>(workload_.batch));
    decode(std::span(sequences).first(some), *decoder);
  }
}

std::vector<HeadRecord> Rig::measure_heads() {
  if (heads_.empty() || !heads_on_target_) return {};
  constexpr std::size_t kPrompts = 8;
  HostDistributions distributions;
  std::vector<Sequence> sequences = workload_.sequences();
  const auto some = std::span(sequences).first(std::min(sequences.size(), kPrompts));
  decode_plainly(some);
  std::vector<HeadRecord> accuracy = head_accuracy(*target_, *heads_.front(), distributions, some);
  clock_->settle();
  return accuracy;
}

std::vector<std::vector<Token>> Rig::run(Recorder& recorder) {
  std::vector<std::vector<Token>> written;
  RecordedRun observer(recorder, measured() ? prices_.get() : nullptr, workload_);
  record_continuations();
  if (measured()) warm_up();
  for (int repeat = 0; repeat < repeats_; ++repeat) {
    for (const Role role : {Role::baseline, Role::method}) {
      std::vector<Sequence> sequences = workload_.sequences();
      recorder.start_run(role, repeat);
      serve(role == Role::baseline ? *baseline_ : *method_, *clock_, sequences, workload_.batch, observer);
      written.clear();
      for (const Sequence& s : sequences)
        written.emplace_back(s.text.begin() + s.prompt_length, s.text.end());
    }
  }
  return written;
}

}  // namespace speclab
