#include "experiments/certify/small_proof.h"

#include <algorithm>

#include "core/errors.h"

namespace speclab {
namespace {

constexpr double kRounding = 1e-12;
constexpr std::int64_t kMaxOutcomes = 300'000;  // of one scenario: about a second

using nlohmann::json;

// The settings of one section, without its name, its kind, and what a rule says of itself.
json section_of(const std::map<std::string, json>& settings, const std::string& section) {
  json out = json::object();
  for (const auto& [key, value] : settings) {
    if (!key.starts_with(section + ".") || key == section + ".kind" || key == "rule.lossless") continue;
    if (key.ends_with(".digest")) continue;  // of a file, not a setting
    out[key.substr(section.size() + 1)] = value;
  }
  return out;
}

std::string kind_of(const std::map<std::string, json>& settings, const std::string& section,
                    const std::string& otherwise) {
  const auto found = settings.find(section + ".kind");
  return found == settings.end() ? otherwise : found->second.get<std::string>();
}

std::vector<Scenario> scenarios(const Sampling& sampling) {
  // The n-grams at the prompts' ends occur before, so that prompt lookup has guesses.
  const std::vector<Token> prompt{0, 1, 2, 0, 1}, other{2, 0, 1, 2, 0};
  const auto source = [](std::uint64_t seed) {
    return std::make_shared<const Markov>(Markov::random(3, 4, seed));
  };
  return {{"three tokens", source(11), source(12), sampling, {{prompt, 3}}},
          {"another pair of sources", source(13), source(14), sampling, {{prompt, 2}}},
          {"a batch of two, an end token", source(15), source(16), sampling, {{prompt, 2}, {other, 1}}, {2}}};
}

}  // namespace

SmallProof prove_small(const std::map<std::string, json>& settings, const Sampling& sampling) {
  Combination combination;
  combination.drafter = kind_of(settings, "drafter", "none");
  combination.topology = kind_of(settings, "topology", "chain");
  combination.rule = kind_of(settings, "rule", "speculative_sampling");
  combination.drafter_settings = section_of(settings, "drafter");
  combination.topology_settings = section_of(settings, "topology");
  combination.rule_settings = section_of(settings, "rule");
  SmallProof proof;
  bool complete = true;
  double distance = 0;
  try {
    for (const Scenario& scenario : scenarios(sampling)) {
      const ExactResult result = exact_check(scenario, combination, nullptr, kMaxOutcomes);
      proof.parts.push_back({scenario.name, result});
      complete = complete && result.complete;
      distance = std::max(distance, result.distance);
    }
  } catch (const ConfigError& e) {
    proof.parts.clear();
    proof.refusal = e.what();
    return proof;
  }
  proof.decision = distance > kRounding ? Decision::lossy
                   : complete           ? Decision::lossless
                                        : Decision::undecided;
  return proof;
}

}  // namespace speclab
