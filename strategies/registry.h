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
#include "core/models/token_source.h"
#include "core/params.h"
#include "core/topology.h"

namespace speclab {

enum class HeadKind : std::uint8_t { medusa, hydra };

// An EAGLE head: to be told what the target made, and, the same one, where its passes are charged.
struct FeatureDraft {
  FeatureModel& told;
  LanguageModel& charged;
};

// What a strategy may be built from.
struct Parts {
  Topology* topology = nullptr;
  Distributions* distributions = nullptr;
  // The draft model that a section of the config describes; throws ConfigError where there is none.
  std::function<LanguageModel&(const std::string& section)> draft_model;
  // Takes in a model that the strategy brings along, as its draft model, and charges its passes.
  std::function<LanguageModel&(std::unique_ptr<LanguageModel>)> adopt;
  std::shared_ptr<const TokenSource> target_source;  // what the target is made of, where it is synthetic
  const CostModel* prices = nullptr;                 // null: nothing is priced
  // The heads of a folder, on the target; throw ConfigError where they do not fit it.
  std::function<DraftHeads&(HeadKind kind, const std::string& path)> draft_heads;
  std::function<FeatureDraft(const std::string& path)> feature_model;
};

template <class T>
struct Entry {
  std::string_view name;
  std::string_view summary;
  std::string_view citation;
  std::unique_ptr<T> (*make)(Params& params, const Parts& parts);
  bool grows = true;  // a drafter that asks a topology where to grow
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
  params.fail("kind", fmt::format("= '{}' is not known{}; there are: {}", kind, did_you_mean(kind, names),
                                  fmt::join(names, ", ")));
}

// Makes what params' `kind` names and checks that every setting was read.
template <class T>
std::unique_ptr<T> make(std::span<const Entry<T>> entries, Params& params, const Parts& parts) {
  const std::string kind = params.required_text({"kind", "method"}, "which one; see `speclab list`");
  std::unique_ptr<T> made = find_entry(entries, params, kind).make(params, parts);
  params.finish();
  return made;
}

}  // namespace speclab
