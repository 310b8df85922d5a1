#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/acceptance_rule.h"
#include "core/cost_model.h"
#include "core/distributions.h"
#include "core/draft_heads.h"
#include "core/drafter.h"
#include "core/feature_model.h"
#include "core/models/sources/token_source.h"
#include "core/settings/params.h"
#include "core/topology.h"
#include "strategies/continuations.h"
#include "strategies/kinds_elsewhere.h"

namespace speclab {

enum class HeadKind : std::uint8_t { medusa, hydra };

// What a drafter's settings call the heads' folder.
inline constexpr const char* kHeadsPath[] = {"path", "medusa_model", "hydra_model", "ea_model_path",
                                             "speculative_model"};

// An EAGLE head: to be told what the target made, and, the same one, where its passes are charged.
struct FeatureDraft {
  FeatureModel& told;
  LanguageModel& charged;
};

// What a strategy may be built from. What is not there cannot be had from where the strategy is made.
struct Parts {
  Topology* topology = nullptr;
  std::function<std::unique_ptr<Topology>()> new_topology;  // another of the same settings
  // One of its own for each that asks: to forget rows is to forget one's own.
  std::function<Distributions&()> distributions;
  // The draft model that a section of the config describes; throws ConfigError where there is none.
  std::function<LanguageModel&(const std::string& section)> draft_model;
  // Takes in a model that the strategy brings along, as its draft model, and charges its passes.
  std::function<LanguageModel&(std::unique_ptr<LanguageModel>)> adopt;
  // The target's first layers as a draft model; throws ConfigError where it has none.
  std::function<LanguageModel&(int layers)> early_exit;
  // A rule over rows on the host becomes the same over rows that lie where the models run.
  std::function<std::unique_ptr<AcceptanceRule>(std::unique_ptr<AcceptanceRule>)> rule_on_rows =
      [](std::unique_ptr<AcceptanceRule> rule) { return rule; };
  std::shared_ptr<const TokenSource> target_source;  // what the target is made of, where it is synthetic
  const CostModel* prices = nullptr;                 // null: nothing is priced
  int batch = 1;                                     // sequences that are decoded at once, at most
  bool greedy = false;                               // at temperature 0, where all guesses are fixed
  bool free_drafts = false;                          // the drafter to come runs no model
  // Further texts, in the target's tokens; throws ConfigError where the file has none.
  std::function<std::vector<std::vector<Token>>(const std::string& file)> corpus = {};
  // Has the target's plain greedy decode recorded before the run; ImpossiblePoint where it samples.
  std::function<Continuations()> continuations = {};
  // The heads of a folder, on a model; throw ConfigError where they do not fit it.
  std::function<DraftHeads&(HeadKind kind, const std::string& path, const std::string& base)> draft_heads;
  // Children beyond the vocabulary are left out, not refused: for small instances of larger things.
  bool cuts_wide_trees = false;
  std::string base = "target";  // the section of the model that heads sit on
  std::function<FeatureDraft(const std::string& path)> feature_model;
};

template <class T>
struct Entry {
  std::string_view name;
  std::string_view summary;
  std::string_view citation;
  std::unique_ptr<T> (*make)(Params& params, const Parts& parts);
  bool grows = true;       // a drafter that asks a topology where to grow
  bool runs_model = true;  // a drafter whose guesses cost passes of a draft model
};

std::span<const Entry<Topology>> topologies();
std::span<const Entry<Drafter>> drafters();
std::span<const Entry<AcceptanceRule>> rules();

// The entry that `kind` names. Throws ConfigError naming what there is.
template <class T>
const Entry<T>& find_entry(std::span<const Entry<T>> entries, const Params& params, const std::string& kind) {
  std::vector<std::string> names;
  for (const Entry<T>& entry : entries) {
    if (entry.name == kind) return entry;
    names.emplace_back(entry.name);
  }
  const std::string here = kind_elsewhere(kind, names);
  params.fail("kind",
              fmt::format("= '{}' is not known{}; there are: {}", kind,
                          here.empty() ? did_you_mean(kind, names) : fmt::format(", here it is '{}'", here),
                          fmt::join(names, ", ")));
}

// The entry that params' `kind` names.
template <class T>
const Entry<T>& chosen_entry(std::span<const Entry<T>> entries, Params& params) {
  return find_entry(entries, params,
                    params.required_text({"kind", "method"}, "which one; see `speclab list`"));
}

// Makes what params' `kind` names and checks that every setting was read.
template <class T>
std::unique_ptr<T> make(std::span<const Entry<T>> entries, Params& params, const Parts& parts) {
  std::unique_ptr<T> made = chosen_entry(entries, params).make(params, parts);
  params.finish();
  return made;
}

}  // namespace speclab
