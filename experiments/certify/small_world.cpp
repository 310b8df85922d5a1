#include "experiments/certify/small_world.h"

#include "core/errors.h"
#include "core/numerics/argmax.h"
#include "core/numerics/softmax.h"
#include "experiments/certify/controls.h"
#include "strategies/compatibility.h"

namespace speclab {
namespace {

using nlohmann::json;

// How an entry is made small: its variants that differ in how a lossless verdict comes about, or why it has
// none.
struct Small {
  std::vector<json> variants = {json::object()};
  std::string refusal = {};
};

Small small_settings(std::string_view slot, std::string_view kind) {
  if (slot == "topology" && kind == "chain") return {{{{"length", 2}}}};
  if (slot == "topology" && kind == "layered") return {{{{"widths", {2, 1}}}}};
  if (slot == "topology" && kind == "paths") {
    return {{{{"paths", {{0}, {1}, {0, 0}, {1, 0}, {1, 1}}}}, {{"paths", {{0}, {1}, {2}, {0, 0}}}}}};
  }
  if (slot == "topology" && kind == "sequoia")
    return {{{{"nodes", 3}, {"depth", 2}, {"acceptance", {0.6, 0.3}}}}};
  if (slot == "topology" && kind == "best_first") return {{{{"nodes", 3}, {"depth", 2}, {"top_k", 2}}}};
  if (slot == "topology" && kind == "confident") {
    return {{{{"length", 2}, {"threshold", 0.5}}, {{"length", 2}, {"threshold", 0.3}, {"measure", "path"}}}};
  }
  if (slot == "topology" && kind == "adaptive") {
    return {{{{"schedule", "heuristic"}, {"length", 2}, {"most", 2}},
             {{"schedule", "goodput"}, {"most", 2}, {"prior", 0.8}, {"weight", 1}}}};
  }
  if (slot == "topology" && kind == "budgeted") return {{{{"length", 2}, {"budget", 2}}}};
  if (slot == "drafter" && (kind == "model" || kind == "agreement")) {
    return {{{{"draw", "without-replacement"}}, {{"draw", "independent"}}, {{"draw", "fixed"}}}};
  }
  if (slot == "drafter" && kind == "merge") {
    const json two = {{"kind", "chain"}, {"length", 2}};  // whatever the topology: trees would be too large
    const json two_models = {
        {{"kind", "model"}, {"draw", "independent"}, {"topology", two}},
        {{"kind", "model"}, {"draw", "independent"}, {"from", "draft2"}, {"topology", two}}};
    return {{{{"of", {{{"kind", "ngram"}}, {{"kind", "model"}}}}}, {{"of", two_models}}}};
  }
  if (slot == "drafter" && kind == "cascade") {
    const json model = {{"kind", "model"}, {"from", "draft2"}};
    return {{{{"length", 2}}, {{"length", 2}, {"inner", model}}}};
  }
  if (slot == "drafter" && kind == "suffix") return {{{{"min_probability", 0}, {"spec_factor", 2}}}};
  if (slot == "drafter" && kind == "lookahead") {
    return {{{{"window", 2}, {"ngram", 2}, {"guesses", 2}},
             {{"window", 1},
              {"ngram", 3},
              {"guesses", 2},
              {"pool_from_prompt", true},
              {"always_forward_one", false}}}};
  }
  if (slot == "drafter" && kind == "jacobi") return {{{{"window", 2}}}};
  if (slot == "drafter" && (kind == "oracle" || kind == "corrected")) {
    return {{{{"acceptance", {0.8, 0.5}}, {"siblings", {0.5}}}}};
  }
  if (slot == "drafter" && (kind == "hydra" || kind == "eagle")) {
    return {{{{"draw", "without-replacement"}}, {{"draw", "fixed"}}}};
  }
  return {};
}

struct Choice {
  std::string kind;
  json settings;
  std::string refusal;
  bool grows = true;
};

template <class T>
std::vector<Choice> choices(std::string_view slot, std::span<const Entry<T>> entries) {
  std::vector<Choice> all;
  for (const Entry<T>& entry : entries) {
    const Small small = small_settings(slot, entry.name);
    for (const json& settings : small.variants) {
      all.push_back({std::string(entry.name), settings, small.refusal, entry.grows});
    }
  }
  return all;
}

std::string refusal_of(const Combination& combination) {
  try {
    const auto source = std::make_shared<const Markov>(Markov::random(3, 1, 0));
    const SmallWorld made(combination, source, source);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

std::string Combination::name() const {
  std::string text = drafter + drafter_settings.dump() + "_" + topology + topology_settings.dump() + "_" +
                     rule + (rule_settings.empty() ? "" : rule_settings.dump());
  std::string clean;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) clean += c;
    if (c == '_' || c == ',' || c == '{') clean += '_';
  }
  return clean;
}

std::vector<Combination> all_combinations() {
  std::vector<Combination> all;
  for (const Choice& d : choices("drafter", drafters())) {
    for (const Choice& t : choices("topology", topologies())) {
      for (const Choice& r : choices("rule", rules())) {
        Combination& c =
            all.emplace_back(Combination{d.kind, t.kind, r.kind, d.settings, t.settings, r.settings});
        for (const Choice* part : {&d, &t, &r}) {
          if (c.refusal.empty()) c.refusal = part->refusal;
        }
        if (c.refusal.empty()) c.refusal = refusal_of(c);
      }
      if (!d.grows) break;  // one topology is as good as another
    }
  }
  return all;
}

SmallWorld::SmallWorld(const Combination& combination, std::shared_ptr<const Markov> target,
                       std::shared_ptr<const Markov> draft, const Control* control)
    : control_(control),
      source_(target),
      target_(target),
      draft_source_(std::move(draft)),
      heads_(draft_source_),
      features_(draft_source_) {
  Parts parts;
  parts.distributions = [this]() -> Distributions& {
    Distributions& honest = *distributions_.emplace_back(std::make_unique<HostDistributions>());
    if (control_ == nullptr || !control_->distributions) return honest;
    return *distributions_.emplace_back(control_->distributions(honest));
  };
  parts.draft_model = [this](const std::string& section) -> LanguageModel& {
    const auto source =
        section == "draft" ? draft_source_ : std::make_shared<const Markov>(draft_source_->mirrored());
    return *adopted_.emplace_back(std::make_unique<SourceModel>(source));
  };
  parts.early_exit = [](int) -> LanguageModel& { throw ConfigError("its small sources have no layers"); };
  parts.adopt = [this](std::unique_ptr<LanguageModel> model) -> LanguageModel& {
    return *adopted_.emplace_back(std::move(model));
  };
  parts.target_source = std::move(target);
  parts.continuations = [this] {
    return Continuations{target_.vocab(), [this](SequenceId id) -> std::span<const Token> {
                           return continuations_.at(static_cast<std::size_t>(id));
                         }};
  };
  parts.draft_heads = [this](HeadKind, const std::string&, const std::string&) -> DraftHeads& {
    return heads_;
  };
  parts.feature_model = [this](const std::string&) { return FeatureDraft{features_, features_}; };
  const auto params = [](const std::string& section, const std::string& kind, json settings) {
    settings["kind"] = kind;
    return Params(section, std::move(settings));
  };
  parts.prices = &prices_;
  parts.cuts_wide_trees = true;
  Params d = params("drafter", combination.drafter, combination.drafter_settings), peek = d;
  parts.free_drafts = !chosen_entry(drafters(), peek).runs_model;
  Params t = params("topology", combination.topology, combination.topology_settings);
  parts.new_topology = [&] {
    Params another = params("topology", combination.topology, combination.topology_settings);
    return make(topologies(), another, parts);
  };
  topology_ = make(topologies(), t, parts);
  parts.topology = topology_.get();
  drafter_ = make(drafters(), d, parts);
  Params r = params("rule", combination.rule, combination.rule_settings);
  rule_ = make(rules(), r, parts);
  check_compatibility(drafter_->traits(), rule_->requirements());
  if (control != nullptr && control->rule) rule_ = control->rule();
  decoder_ = std::make_unique<Decoder>(target_, *drafter_, *rule_);
}

void SmallWorld::decode(std::span<Sequence> sequences) {
  if (control_ != nullptr && control_->rewire) control_->rewire(sequences);
  running_.clear();
  continuations_.clear();
  for (Sequence& s : sequences) {
    const auto id = static_cast<std::size_t>(s.id);
    continuations_.resize(std::max(continuations_.size(), id + 1));
    for (Token last = s.text.back(); static_cast<int>(continuations_[id].size()) < s.max_new_tokens;) {
      continuations_[id].push_back(last = argmax(source_->row(last)));
    }
    decoder_->admit(s);
    if (s.finished()) {
      decoder_->retire(s);
    } else {
      running_.push_back(&s);
    }
  }
  while (!running_.empty()) {
    decoder_->step(running_);
    std::erase_if(running_, [&](Sequence* s) {
      if (s->finished()) decoder_->retire(*s);
      return s->finished();
    });
  }
}

double exact_probability(const Markov& target, Token before, std::span<const Token> text,
                         const Sampling& sampling) {
  double probability = 1;
  std::vector<double> p(static_cast<std::size_t>(target.vocab()));
  for (const Token token : text) {
    softmax(target.row(before), sampling, p);
    probability *= p[token];
    before = token;
  }
  return probability;
}

}  // namespace speclab
