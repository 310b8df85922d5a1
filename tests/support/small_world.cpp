#include "support/small_world.h"

#include "core/softmax.h"

namespace speclab {
namespace {

using nlohmann::json;

// Variants of a component that differ in how a lossless verdict comes about.
std::vector<json> small_settings(const std::string& slot, const std::string& kind) {
  if (slot == "topology" && kind == "chain") return {{{"length", 2}}};
  if (slot == "topology" && kind == "layered") return {{{"widths", {2, 1}}}, {{"widths", {3, 2}}}};
  if (slot == "topology" && kind == "paths") return {{{"paths", {{0}, {1}, {0, 0}, {1, 0}, {1, 1}}}}};
  if (slot == "drafter" && (kind == "model" || kind == "agreement")) {
    return {{{"draw", "without-replacement"}}, {{"draw", "independent"}}, {{"draw", "fixed"}}};
  }
  return {json::object()};
}

}  // namespace

std::string Combination::name() const {
  std::string text =
      drafter + drafter_settings.dump() + "_" + topology + topology_settings.dump() + "_" + rule;
  std::string clean;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) clean += c;
    if (c == '_' || c == ',' || c == '{') clean += '_';
  }
  return clean;
}

std::vector<Combination> all_combinations() {
  std::vector<Combination> all;
  for (const auto& d : drafters()) {
    for (const json& ds : small_settings("drafter", std::string(d.name))) {
      for (const auto& t : topologies()) {
        for (const json& ts : small_settings("topology", std::string(t.name))) {
          for (const auto& r : rules()) {
            all.push_back({std::string(d.name), std::string(t.name), std::string(r.name), ds, ts});
          }
        }
        if (!d.grows) break;  // one topology is as good as another
      }
    }
  }
  return all;
}

SmallWorld::SmallWorld(const Combination& combination, std::shared_ptr<const Markov> target,
                       std::shared_ptr<const Markov> draft)
    : target_(target), draft_(std::move(draft)) {
  Parts parts;
  parts.distributions = &distributions_;
  parts.draft_model = [this]() -> LanguageModel& { return draft_; };
  parts.adopt = [this](std::unique_ptr<LanguageModel> model) -> LanguageModel& {
    return *adopted_.emplace_back(std::move(model));
  };
  parts.target_source = std::move(target);
  const auto params = [](const std::string& section, const std::string& kind, json settings) {
    settings["kind"] = kind;
    return Params(section, std::move(settings));
  };
  Params t = params("topology", combination.topology, combination.topology_settings);
  topology_ = make(topologies(), t, parts);
  parts.topology = topology_.get();
  Params d = params("drafter", combination.drafter, combination.drafter_settings);
  drafter_ = make(drafters(), d, parts);
  Params r = params("rule", combination.rule, json::object());
  rule_ = make(rules(), r, parts);
  use(*rule_);
}

void SmallWorld::decode(std::span<Sequence* const> sequences) {
  std::vector<Sequence*> running(sequences.begin(), sequences.end());
  for (const Sequence* s : running) decoder_->admit(*s);
  while (!running.empty()) {
    decoder_->step(running);
    std::erase_if(running, [&](Sequence* s) {
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
    probability *= p[static_cast<std::size_t>(token)];
    before = token;
  }
  return probability;
}

}  // namespace speclab
