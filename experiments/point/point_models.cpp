#include "experiments/point/point_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/models/checkpoint/llama_shape.h"
#include "core/models/checkpoint/model_folder.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/markov.h"
#include "core/models/sources/source_model.h"
#include "core/settings/json_settings.h"
#include "experiments/config/config_section.h"
#include "experiments/config/files.h"
#include "experiments/point/price_catalogue.h"
#include "kernels/llama/head_target.h"

namespace speclab {
namespace {

using nlohmann::json;

enum class SourceKind { checkpoint, random, hashed, markov };

SourceKind read_source_kind(Params& p) {
  return p.choose<SourceKind>(
      {"kind"},
      {{"checkpoint", SourceKind::checkpoint},
       {"random", SourceKind::random},
       {"hashed", SourceKind::hashed},
       {"markov", SourceKind::markov}},
      "checkpoint: a folder in Hugging Face layout; random: a shape with random weights; "
      "hashed, markov: synthetic");
}

std::shared_ptr<const TokenSource> make_source(SourceKind kind, Params& p, int default_seed) {
  // Markov's table has a number for each pair of tokens.
  const int vocab = p.integer({"vocab"}, 16, {.min = 2, .max = kind == SourceKind::markov ? 4096.0 : 65536.0},
                              "tokens of the synthetic vocabulary");
  const auto seed = static_cast<std::uint64_t>(
      p.integer({"source_seed"}, default_seed, {.min = 0}, "of the synthetic text"));
  if (kind == SourceKind::hashed) return std::make_shared<const Hashed>(vocab, seed);
  const double sharpness = p.number({"sharpness"}, 4, {.min = 0, .max = 100}, "spread of the logits");
  return std::make_shared<const Markov>(Markov::random(vocab, sharpness, seed));
}

ModelUse read_use(Params& p, Actor actor) {
  const auto precision = p.choose<Precision>(
      {"precision"}, {{"stored", Precision::as_stored}, {"int8", Precision::int8}},
      "stored: as the checkpoint has them; int8: matrices with a scale per output, on a GPU");
  const auto products =
      p.choose<Products>({"products"}, {{"exact", Products::exact}, {"fastest", Products::fastest}},
                         "exact: what a token's row is depends on its text alone, to the last bit; fastest: "
                         "products of many rows go through cuBLAS from where that is faster, on a GPU");
  return {actor, precision, products};
}

std::string read_path(Params& p) {
  return p.required_text({"path", "model"}, "a model folder in Hugging Face layout");
}

struct RandomSettings {
  std::string shape;
  int positions = 0, seed = 0;
};

RandomSettings read_random(Params& p, Actor actor) {
  RandomSettings read;
  read.shape = p.required_text({"shape", "random_weights"}, "a shape of `speclab list shapes`");
  read.positions = p.integer({"max_positions"}, 4096, {.min = 1, .max = 1 << 20}, "of a text, at most");
  read.seed = p.integer({"source_seed"}, actor == Actor::target ? 1 : 2, {.min = 0}, "of the weights");
  return read;
}

std::string read_device(Params& p) {
  return p.text({"device"}, "cpu", "where models run: cpu, cuda, cuda:1, ...");
}

// As config.json says; 0 where it does not; loading the folder reports that.
int rows_of_tokens(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  if (!std::filesystem::exists(file)) return 0;
  const json config = read_json_object(file);
  return JsonSettings(config, file.string()).count("vocab_size", 0);
}

// All that a drafter, or a part of it, names as heads.
std::vector<std::string> paths_of_heads(const json& drafter) {
  std::vector<std::string> found;
  if (drafter.is_object()) {
    for (const char* key : kHeadsPath) {
      const auto path = drafter.find(key);
      if (path != drafter.end() && path->is_string()) found.push_back(*path);
    }
  }
  if (!drafter.is_structured()) return found;
  for (const json& part : drafter) {
    for (std::string& path : paths_of_heads(part)) found.push_back(std::move(path));
  }
  return found;
}

// Empty where there is none; loading them reports that.
std::filesystem::path path_of_heads(const std::string& path, const std::filesystem::path& directory) {
  try {
    return find_path("drafter.path", path, directory);
  } catch (const ConfigError&) {
    return {};
  }
}

// Of tokenizers that differ.
std::string first_difference(const Tokenizer& draft, const Tokenizer& target) {
  for (Token token = 0; token < std::max(draft.vocab(), target.vocab()); ++token) {
    const auto piece = [&](const Tokenizer& of) {
      const std::string_view found = token < of.vocab() ? of.piece(token) : std::string_view();
      return found.empty() ? std::string("nothing") : fmt::format("'{}'", found);
    };
    if (piece(draft) != piece(target))
      return fmt::format("token {} is {} in the draft and {} in the target", token, piece(draft),
                         piece(target));
  }
  return "the same tokens are made in another way";
}

}  // namespace

std::vector<SettingNote> model_settings(const std::string& section, const std::string& kind) {
  const Actor actor = section == "target" ? Actor::target : draft_actor(0);
  Params p = Params::listing(section, {{"kind", kind}});
  const SourceKind source = read_source_kind(p);
  const bool weights = source == SourceKind::checkpoint || source == SourceKind::random;
  if (weights && actor == Actor::target) read_device(p);
  if (source == SourceKind::checkpoint) read_path(p);
  if (source == SourceKind::random) read_random(p, actor);
  if (weights) read_use(p, actor);
  if (!weights) make_source(source, p, actor == Actor::target ? 1 : 2);
  return p.notes();
}

PointModels::PointModels(const Config& config, ModelCache& cache, Pricing& pricing, const Workload& workload,
                         Settings& settings)
    : config_(config), cache_(cache), pricing_(pricing), workload_(workload), settings_(settings) {
  Params p = section(config, "target");
  const SourceKind kind = read_source_kind(p);
  const bool weights = kind == SourceKind::checkpoint || kind == SourceKind::random;
  if (weights) device_ = read_device(p);
  backend_ = weights ? &cache.backend(device_) : &cache.cpu();
  on_device_ = backend_ != &cache.cpu();
  if (weights) {
    const LoadedModel loaded =
        kind == SourceKind::checkpoint ? load_checkpoint(p, Actor::target) : make_random(p, Actor::target);
    facts_.vocab = loaded.model.vocab();
    facts_.max_positions = loaded.config.max_positions;
    facts_.end_tokens = loaded.config.end_tokens;
    loaded_.emplace("target", loaded);
    loaded.model.tap({});  // an earlier point may have tapped it
    unmetered_target_ = &loaded.model;
  } else {
    source_ = make_source(kind, p, 1);
    unmetered_target_ = owned_.emplace_back(std::make_unique<SourceModel>(source_)).get();
    facts_.vocab = unmetered_target_->vocab();
  }
  p.finish();
  resolve(p);
  target_name_ = name_of(p);
}

std::string PointModels::name_of(const Params& p) const {
  return fmt::format("{} {} {}", p.section(), device_, json(p.resolved()).dump());
}

int PointModels::common_vocab(const std::filesystem::path& target, const Tokenizer& tokenizer) {
  const int own = rows_of_tokens(target);
  int min = own;
  std::string drafts;
  for (const auto& [name, _] : config_.sections.items()) {
    if (!name.starts_with("draft") || name == "drafter") continue;
    Params p = section(config_, name);
    if (read_source_kind(p) != SourceKind::checkpoint) continue;
    const std::string path = read_path(p);
    const int rows = rows_of_tokens(find_path(name + ".path", path, config_.directory));
    if (rows == own || rows == 0) continue;
    min = std::min(min, rows);
    drafts += fmt::format(", [{}] of {}", name, rows);
  }
  for (const std::string& path : paths_of_heads(config_.sections.value("drafter", json::object()))) {
    const int rows = rows_of_heads(path_of_heads(path, config_.directory));
    if (rows == own || rows < tokenizer.vocab()) continue;  // those of other targets are refused when loaded
    min = std::min(min, rows);
    drafts += fmt::format(", the heads of {} of {}", path, rows);
  }
  if (drafts.empty() || own == 0 || min < tokenizer.vocab()) return 0;
  remarks_.push_back(fmt::format(
      "rows are padded differently: [target] has rows of {} tokens{}; tokens from {} on, of which the "
      "tokenizer has none, are impossible in all of them",
      own, drafts, min));
  return min;
}

LoadedModel PointModels::load_checkpoint(Params& p, Actor actor) {
  const std::string& name = p.section();
  const std::string path = read_path(p);
  const std::filesystem::path folder = find_path(name + ".path", path, config_.directory);
  require_model_folder(folder);
  const Tokenizer& tokenizer = cache_.tokenizer(folder);
  if (actor == Actor::target) {
    facts_.tokenizer = &tokenizer;
    common_vocab_ = common_vocab(folder, tokenizer);
    remarks_.insert(remarks_.end(), tokenizer.remarks().begin(), tokenizer.remarks().end());
  } else if (facts_.tokenizer == nullptr) {
    throw ImpossiblePoint("a draft checkpoint cannot draft for a target without a tokenizer");
  } else if (tokenizer.fingerprint() != facts_.tokenizer->fingerprint()) {
    throw ConfigError(
        fmt::format("{}.path = \"{}\": its tokenizer has another vocabulary ({} tokens) than the "
                    "target's ({}): {}; a draft must share the target's tokenizer",
                    name, path, tokenizer.vocab(), facts_.tokenizer->vocab(),
                    first_difference(tokenizer, *facts_.tokenizer)));
  }
  ModelUse use = read_use(p, actor);
  use.vocab = common_vocab_;
  LoadedModel loaded = backend_->model(folder, use);
  remarks_.insert(remarks_.end(), loaded.remarks.begin(), loaded.remarks.end());
  if (actor != Actor::target) check_positions(path, loaded.config.max_positions);
  settings_[name + ".digest"] = cache_.digest_of(folder, config_.digest);
  return loaded;
}

LoadedModel PointModels::make_random(Params& p, Actor actor) {
  const auto [shape, positions, seed] = read_random(p, actor);
  const LlamaConfig config =
      llama_config_of(shape_named(p.section() + ".shape", shape, config_.directory), positions);
  if (actor != Actor::target) check_positions(shape, positions);
  const std::string name = fmt::format("random {}, {} positions, seed {}", shape, positions, seed);
  return backend_->random_model(name, config, static_cast<std::uint64_t>(seed), read_use(p, actor));
}

void PointModels::charge_to(Clock& clock) {
  clock_ = &clock;
  target_ = std::make_unique<Metered>(*unmetered_target_, Actor::target, clock);
  metered_models_ = {{target_.get(), Actor::target, target_name_, facts_.max_positions}};
}

void PointModels::resolve(const Params& params) {
  for (const auto& [key, value] : params.resolved()) settings_[params.section() + "." + key] = value;
}

void PointModels::add_digest(const std::string& key, const std::string& digest) {
  const auto [slot, first] = settings_.try_emplace(key, digest);
  if (!first) slot->second = slot->second.get<std::string>() + " " + digest;
}

void PointModels::describe(Provenance& provenance) const {
  provenance.remarks.insert(provenance.remarks.end(), remarks_.begin(), remarks_.end());
  if (!loaded_.contains("target")) return;
  backend_->describe(provenance);
  for (const auto& [name, loaded] : loaded_) {
    if (!loaded.runs.empty()) provenance.device += fmt::format("; {}: {}", name, loaded.runs);
  }
}

LanguageModel& PointModels::metered(LanguageModel& model, Actor actor, const std::string& name,
                                    int max_positions) {
  LanguageModel& made = *drafts_.emplace_back(std::make_unique<Metered>(model, actor, *clock_));
  metered_models_.push_back({&made, actor, name, max_positions});
  return made;
}

LanguageModel& PointModels::adopt(std::unique_ptr<LanguageModel> model) {
  return metered(*owned_.emplace_back(std::move(model)), pricing_.next_draft(), "", 0);
}

LanguageModel& PointModels::base_of_heads(const std::string& base) {
  const auto found = loaded_.find(base);
  if (found != loaded_.end()) return found->second.model;
  throw ImpossiblePoint(
      fmt::format("heads sit on the hidden rows of a checkpoint; set {}.kind to checkpoint", base));
}

std::filesystem::path PointModels::heads_folder(const std::string& path) {
  if (path.empty()) throw ConfigError("drafter.path is required: the folder of the heads");
  std::filesystem::path folder = find_path("drafter.path", path, config_.directory);
  refuse_adapter_of_heads(folder);
  add_digest("drafter.digest", cache_.digest_of(folder, config_.digest));
  return folder;
}

void PointModels::refuse_to_time_heads() const {
  if (pricing_.calibrated() == nullptr) return;
  throw ImpossiblePoint(
      "price.kind = 'calibrated' times passes of language models: the target, draft models and early exits; "
      "heads are told features, so give their drafter another [price]");
}

DraftHeads& PointModels::draft_heads(HeadKind kind, const std::string& path, const std::string& base) {
  refuse_to_time_heads();
  LanguageModel& on = base_of_heads(base);
  LoadedHeads loaded = backend_->heads(kind, heads_folder(path), on, tokens());
  remarks_.insert(remarks_.end(), loaded.remarks.begin(), loaded.remarks.end());
  heads_.push_back(std::move(loaded.heads));
  heads_on_target_ = base == "target";
  return *metered_heads_.emplace_back(
      std::make_unique<MeteredHeads>(*heads_.back(), pricing_.next_draft(), *clock_));
}

FeatureDraft PointModels::features(const std::string& path) {
  refuse_to_time_heads();
  LanguageModel& on = base_of_heads("target");
  LoadedFeatures loaded = backend_->features(heads_folder(path), on, tokens());
  check_positions(path, loaded.max_positions);
  remarks_.insert(remarks_.end(), loaded.remarks.begin(), loaded.remarks.end());
  if (std::exchange(reads_features_, true)) {
    throw ImpossiblePoint("two EAGLE heads on one target: each would have it report other layers");
  }
  FeatureModel& told = *loaded.model;
  on.tap(told.taps());
  owned_.push_back(std::move(loaded.model));
  return {told, metered(told, pricing_.next_draft(), "", loaded.max_positions)};
}

void PointModels::check_positions(const std::string& path, int positions) const {
  for (const Request& request : workload_.requests) {
    const int needed = static_cast<int>(request.prompt.size()) + workload_.max_new_tokens;
    if (needed <= positions) continue;
    throw ImpossiblePoint(fmt::format(
        "the draft model {} has {} positions; {}, a prompt of {} tokens, and workload.max_new_tokens = {} "
        "need {}{}",
        path, positions, workload_.name_of(request), request.prompt.size(), workload_.max_new_tokens, needed,
        workload_.prompts.empty()
            ? ""
            : fmt::format("; workload.max_positions = {} with workload.too_long = \"skip\" leaves such "
                          "prompts out, with \"cut\" it keeps their last tokens",
                          positions)));
  }
}

LanguageModel& PointModels::early_exit(int layers) {
  const auto target = loaded_.find("target");
  if (target == loaded_.end()) throw ImpossiblePoint("a synthetic target has no layers to leave early");
  owned_.push_back(backend_->early_exit(target->second.model, layers));
  return metered(*owned_.back(), pricing_.part_of_target(layers, target->second.config.layers),
                 fmt::format("{}, {} layers", target_name_, layers), facts_.max_positions);
}

LanguageModel& PointModels::draft(const std::string& name) {
  if (!name.starts_with("draft") || name == "drafter") {
    throw ConfigError(
        fmt::format("from = '{}': the sections of draft models are draft, draft2, ... draft9", name));
  }
  if (!config_.sections.contains(name)) {
    throw ConfigError(
        fmt::format("drafter.kind = 'model' needs a [{}] section with the draft model's path", name));
  }
  if (!drafting_.insert(name).second) {
    throw ConfigError(
        fmt::format("[{}] drafts for two drafters; give one of them a section of its own, "
                    "such as [draft2], and `from = \"draft2\"`",
                    name));
  }
  Params p = section(config_, name);
  const SourceKind kind = read_source_kind(p);
  LanguageModel* model = nullptr;
  int max_positions = 0;
  if (kind == SourceKind::checkpoint || kind == SourceKind::random) {
    const Actor actor = draft_actor(pricing_.drafts());
    const LoadedModel loaded =
        kind == SourceKind::checkpoint ? load_checkpoint(p, actor) : make_random(p, actor);
    loaded_.emplace(name, loaded);
    model = &loaded.model;
    max_positions = loaded.config.max_positions;
  } else {
    if (on_device_) {
      throw ImpossiblePoint(fmt::format(
          "[{}] is synthetic and runs on the processor, but target.device = '{}'; draft with a checkpoint or "
          "random weights, or set target.device = 'cpu'",
          name, device_));
    }
    model =
        owned_.emplace_back(std::make_unique<SourceModel>(make_source(kind, p, 2 + pricing_.drafts()))).get();
  }
  if (model->vocab() != facts_.vocab) {
    throw ConfigError(
        fmt::format("the draft's rows have {} tokens, the target's {}; they must be the same, unless both "
                    "are checkpoints "
                    "with rows of all tokens of their tokenizer",
                    model->vocab(), facts_.vocab));
  }
  p.finish();
  resolve(p);
  return metered(*model, pricing_.next_draft(), name_of(p), max_positions);
}

std::vector<std::vector<Token>> PointModels::corpus(const std::string& path) {
  if (facts_.tokenizer == nullptr) {
    throw ImpossiblePoint("drafter.corpus is text, but a synthetic target has no tokenizer; leave it out");
  }
  const std::filesystem::path file = find_path("drafter.corpus", path, config_.directory);
  add_digest("drafter.corpus_digest", cache_.digest_of(file, config_.digest));
  std::vector<std::vector<Token>> texts;
  PromptFile read = read_prompts(file, *facts_.tokenizer, facts_.vocab, workload_.add_bos);
  remarks_.insert(remarks_.end(), read.remarks.begin(), read.remarks.end());
  if (std::string lost = unknown_characters(read.requests, *facts_.tokenizer, path); !lost.empty())
    remarks_.push_back(std::move(lost));
  for (Request& text : read.requests) texts.push_back(std::move(text.prompt));
  return texts;
}

}  // namespace speclab
