#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/cost/constant_cost.h"
#include "core/decoder.h"
#include "core/models/sources/markov.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "experiments/certify/source_heads.h"
#include "strategies/registry.h"

namespace speclab {

struct Control;

// A combination that the registry offers, small enough to be looked through.
struct Combination {
  std::string drafter, topology, rule;
  nlohmann::json drafter_settings = nlohmann::json::object(), topology_settings = nlohmann::json::object(),
                 rule_settings = nlohmann::json::object();
  std::string refusal = {};  // why there is no small instance of it; empty where there is one

  std::string name() const;  // letters, digits and underscores
};

// Every registered drafter x topology x rule, with the settings that make it small: a new registry line
// is covered without a change here, at its defaults unless it is named in small_settings. What cannot be
// made is there too, with the reason.
std::vector<Combination> all_combinations();

// A target and a draft on Markov sources of the same vocabulary, and the decoder over them. A control
// replaces what it breaks. Throws ConfigError where the combination cannot be made.
class SmallWorld {
 public:
  SmallWorld(const Combination& combination, std::shared_ptr<const Markov> target,
             std::shared_ptr<const Markov> draft, const Control* control = nullptr);

  AcceptanceRule& rule() { return *rule_; }
  const AcceptanceRule& rule() const { return *rule_; }
  // From now on verdicts are `rule`'s, which may watch the world's own and must outlive its use.
  void judge_by(AcceptanceRule& rule) { decoder_ = std::make_unique<Decoder>(target_, *drafter_, rule); }

  // Decodes until all are finished, all in one batch. The sequences must be new and have ids of their own,
  // small ones. A control may replace their chances.
  void decode(std::span<Sequence> sequences);

 private:
  const Control* control_;
  ConstantCost prices_{1, 0.1};
  std::shared_ptr<const Markov> source_;
  SourceModel target_;
  std::shared_ptr<const Markov> draft_source_;
  std::vector<std::vector<Token>> continuations_;  // the likeliest tokens after each prompt
  SourceHeads heads_;
  SourceFeatures features_;
  std::vector<std::unique_ptr<LanguageModel>> adopted_;
  std::vector<std::unique_ptr<Distributions>> distributions_;
  std::unique_ptr<Topology> topology_;
  std::unique_ptr<Drafter> drafter_;
  std::unique_ptr<AcceptanceRule> rule_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<Sequence*> running_;
};

// The probability of `text` after `before`, token by token, settings applied, computed from the table alone.
double exact_probability(const Markov& target, Token before, std::span<const Token> text,
                         const Sampling& sampling);

}  // namespace speclab
