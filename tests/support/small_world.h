#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/decoder.h"
#include "core/host_distributions.h"
#include "core/models/markov.h"
#include "core/models/source_model.h"
#include "strategies/registry.h"

namespace speclab {

// A combination that the registry offers, small enough to be looked through.
struct Combination {
  std::string drafter, topology, rule;
  nlohmann::json drafter_settings, topology_settings;
  std::string name() const;
};

// Every registered drafter x topology x rule, with the settings that make it small: a new registry line
// is covered without a change here, at its defaults unless it is named in small_settings.
std::vector<Combination> all_combinations();

// A target and a draft on a Markov source of `vocab` tokens, and the decoder over them.
class SmallWorld {
 public:
  SmallWorld(const Combination& combination, std::shared_ptr<const Markov> target,
             std::shared_ptr<const Markov> draft);

  Decoder& decoder() { return *decoder_; }
  AcceptanceRule& rule() { return *rule_; }
  void use(AcceptanceRule& rule) { decoder_ = std::make_unique<Decoder>(target_, *drafter_, rule); }

  // Decodes until all are finished, all in one batch; the sequences must have ids of their own.
  void decode(std::span<Sequence* const> sequences);

 private:
  SourceModel target_, draft_;
  std::vector<std::unique_ptr<LanguageModel>> adopted_;
  HostDistributions distributions_;
  std::unique_ptr<Topology> topology_;
  std::unique_ptr<Drafter> drafter_;
  std::unique_ptr<AcceptanceRule> rule_;
  std::unique_ptr<Decoder> decoder_;
};

// The probability of `text` after `prompt`, token by token, settings applied, computed from the table alone.
double exact_probability(const Markov& target, Token before, std::span<const Token> text,
                         const Sampling& sampling);

}  // namespace speclab
