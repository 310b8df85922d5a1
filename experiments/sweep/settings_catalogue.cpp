#include "experiments/sweep/settings_catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <type_traits>

#include "core/cost/constant_cost.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "experiments/certify/certify_settings.h"
#include "experiments/certify/source_heads.h"
#include "experiments/config/config_section.h"
#include "experiments/config/files.h"
#include "experiments/point/point_models.h"
#include "experiments/point/pricing.h"
#include "experiments/point/run_settings.h"
#include "experiments/point/workload.h"
#include "experiments/sweep/figure_settings.h"
#include "strategies/registry.h"
#include "strategies/topologies/chain.h"

namespace speclab {
namespace {

using nlohmann::json;

// Stand-ins from which anything can be made, to learn which settings it reads.
struct Dummies {
  std::shared_ptr<const TokenSource> source = std::make_shared<const Hashed>(16, 1);
  SourceModel draft{source};
  SourceHeads heads{source};
  SourceFeatures features{source};
  HostDistributions distributions;
  Chain chain{1};
  ConstantCost prices{1, 0.1};
  std::vector<std::unique_ptr<LanguageModel>> adopted;

  Parts parts() {
    Parts parts;
    parts.topology = &chain;
    parts.new_topology = [] { return std::make_unique<Chain>(1); };
    parts.distributions = [this]() -> Distributions& { return distributions; };
    parts.draft_model = [this](const std::string&) -> LanguageModel& { return draft; };
    parts.early_exit = [this](int) -> LanguageModel& { return draft; };
    parts.adopt = [this](std::unique_ptr<LanguageModel> model) -> LanguageModel& {
      return *adopted.emplace_back(std::move(model));
    };
    parts.target_source = source;
    parts.prices = &prices;
    parts.continuations = [] { return Continuations{16, {}}; };
    parts.draft_heads = [this](HeadKind, const std::string&, const std::string&) -> DraftHeads& {
      return heads;
    };
    parts.feature_model = [this](const std::string&) { return FeatureDraft{features, features}; };
    return parts;
  }
};

SettingNote kind_note(const std::vector<SettingNote>& notes) {
  const auto kind = std::ranges::find(notes, "kind", &SettingNote::name);
  return kind == notes.end() ? SettingNote{} : *kind;
}

template <class T>
SectionPage strategies(const std::string& section, const std::string& meaning,
                       std::span<const Entry<T>> entries, std::string_view fallback) {
  SectionPage page{section, meaning, {}, {}};
  for (const Entry<T>& entry : entries) {
    Dummies dummies;
    Params p = Params::listing(section, {{"kind", entry.name}});
    chosen_entry(entries, p);
    if (std::is_same_v<T, Drafter>) read_priced_as(p);
    const std::unique_ptr<T> made = entry.make(p, dummies.parts());
    page.kinds.push_back(
        {std::string(entry.name), std::string(entry.summary), std::string(entry.citation), p.notes()});
    SettingNote& kind = page.kinds.back().notes.front();
    kind.fallback = json(fallback).dump();
    for (const Entry<T>& other : entries) kind.choices.emplace_back(other.name);
    kind.values = fmt::format("{}", fmt::join(kind.choices, ", "));
    kind.help = "which one";
  }
  return page;
}

// A section whose kinds its own reader names. `read` gives the settings of a kind; of "", the default.
template <class Read>
SectionPage kinds(const std::string& section, const std::string& meaning, const Read& read) {
  SectionPage page{section, meaning, {}, {}};
  const std::vector<std::string> choices = kind_note(read("")).choices;
  for (const std::string& kind : choices) page.kinds.push_back({kind, "", "", read(kind)});
  if (choices.empty()) page.kinds.push_back({"", "", "", read("")});
  return page;
}

json of_kind(const std::string& kind) { return kind.empty() ? json::object() : json{{"kind", kind}}; }

template <class Read>
SectionPage read_alone(const std::string& section, const std::string& meaning, const Read& read) {
  return kinds(section, meaning, [&](const std::string& kind) {
    Params p = Params::listing(section, of_kind(kind));
    read(p);
    return p.notes();
  });
}

SectionPage models(const std::string& section, const std::string& meaning) {
  return kinds(section, meaning, [&](const std::string& kind) {
    return model_settings(section, kind.empty() ? "checkpoint" : kind);
  });
}

// The least with which prices of a kind can be made.
SectionPage prices() {
  return kinds("price",
               "what passes cost on another device, beside what is measured; left out: nothing is priced",
               [](const std::string& kind) {
                 Config config;
                 config.sections["price"] = of_kind(kind);
                 if (kind.empty() || kind == "roofline")
                   config.sections["price"].update({{"device", "h100-sxm"}, {"target", "llama-3.1-8b"}});
                 return Pricing::notes(config);
               });
}

SectionSettings workload_of(const std::string& kind, const std::string& summary,
                            std::vector<SettingNote>* sampling) {
  ModelCache cache(1);
  TargetFacts facts;
  facts.vocab = 16;
  Params p = Params::listing("workload"), s = Params::listing("sampling");
  if (kind == kOfText) {
    facts.of_text = true;
    p = Params::listing("workload", {{"prompts", "any"}});
  }
  read_workload(p, s, facts, Config{}, cache);
  if (sampling != nullptr) *sampling = s.notes();
  return {kind, summary, "", p.notes()};
}

// Settings that all kinds have alike are said once.
void gather_common(SectionPage& page) {
  const auto same = [](const SettingNote& a, const SettingNote& b) {
    return a.name == b.name && a.fallback == b.fallback && a.help == b.help && a.values == b.values &&
           a.elsewhere == b.elsewhere;
  };
  for (const SettingNote& note : page.kinds.front().notes) {
    const bool everywhere = std::ranges::all_of(page.kinds, [&](const SectionSettings& kind) {
      return std::ranges::any_of(kind.notes, [&](const SettingNote& other) { return same(note, other); });
    });
    if (everywhere) page.every_kind.push_back(note);
  }
  for (SectionSettings& kind : page.kinds) {
    std::erase_if(kind.notes, [&](const SettingNote& note) {
      return std::ranges::any_of(page.every_kind,
                                 [&](const SettingNote& other) { return same(note, other); });
    });
  }
}

struct Section {
  std::string_view name;
  SectionPage (*page)();
};

constexpr Section kPages[] = {
    {"target", [] { return models("target", "the model whose text is decoded"); }},
    {"draft",
     [] {
       return models("draft", "the model of drafter.kind = \"model\"; further ones are draft2, ... draft9");
     }},
    {"drafter", [] { return strategies<Drafter>("drafter", "what guesses", drafters(), kDefaultDrafter); }},
    {"topology",
     [] {
       return strategies<Topology>("topology", "which guesses are made: a chain or a tree", topologies(),
                                   kDefaultTopology);
     }},
    {"rule",
     [] { return strategies<AcceptanceRule>("rule", "which guesses are accepted", rules(), kDefaultRule); }},
    {"sampling",
     [] {
       SectionPage page{"sampling", "how tokens are chosen, of target and draft alike", {}, {{}}};
       workload_of(kSynthetic, "", &page.kinds.front().notes);
       return page;
     }},
    {"workload",
     [] {
       return SectionPage{"workload",
                          "what is decoded",
                          {},
                          {workload_of(kOfText, "where the target is a checkpoint", nullptr),
                           workload_of(kSynthetic, "where the target is random, hashed or markov", nullptr)}};
     }},
    {"clock", [] { return read_alone("clock", "how long runs take", read_clock); }},
    {"price", prices},
    {"record", [] { return read_alone("record", "what a result file keeps", read_steps_recorded); }},
    {"certify",
     [] {
       return read_alone("certify", "how much `speclab certify` tests",
                         [](Params& p) { return read_certify(p); });
     }},
    {"figure",
     [] {
       return read_alone("figure",
                         "what `speclab answer` draws; the axes of [sweep] are named as \"section.setting\"",
                         [](Params& p) { return read_figure(p); });
     }},
};

}  // namespace

std::vector<std::string> settings_pages() {
  std::vector<std::string> names;
  for (const Section& section : kPages) names.emplace_back(section.name);
  return names;
}

SectionPage settings_page(const std::string& section) {
  const auto found = std::ranges::find(kPages, section, &Section::name);
  if (found == std::end(kPages)) {
    const std::vector<std::string> names = settings_pages();
    throw ConfigError(fmt::format("'{}' is no section{}; there are: {}", section,
                                  did_you_mean(section, names), fmt::join(names, ", ")));
  }
  SectionPage page = found->page();
  gather_common(page);
  return page;
}

}  // namespace speclab
