#include "experiments/certify/certified_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "analysis/certificate/certificate_file.h"
#include "analysis/certificate/certificate_text.h"
#include "analysis/table.h"
#include "analysis/wrapped_text.h"
#include "core/results/recorder.h"
#include "experiments/certify/certificate_summary.h"

namespace speclab {
namespace {

using nlohmann::json;

constexpr std::size_t kShownMismatches = 10;

std::string words(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string small_text(const SmallProof& proof) {
  if (!proof.refusal.empty()) return fmt::format("no small instance: {}\n", proof.refusal);
  std::string out = "every outcome on vocabularies of 3 tokens: total variation distance of the texts\n";
  for (const SmallProof::Part& part : proof.parts) {
    const ExactResult& r = part.result;
    out += fmt::format("  {:<30}  {}{:.1e}  {} outcomes{}\n", part.scenario,
                       r.complete ? "  " : ">=", r.distance, r.outcomes,
                       r.complete ? ", all" : fmt::format(", {:.4g} % of the probability", 100 * r.mass));
  }
  return out;
}

std::string rows_text(const RowAgreement& rows) {
  if (rows.differing == 0) {
    return fmt::format("{} rows of tree passes and batches equal those of the text alone, to the last bit\n",
                       rows.rows);
  }
  return fmt::format(
      "{} of {} rows of tree passes and batches differ from those of the text alone, a probability by at "
      "most "
      "{:.2g}\n",
      rows.differing, rows.rows, rows.largest);
}

std::string shown(Token token, const Tokenizer* tokenizer) {
  if (token < 0) return "end";
  if (tokenizer == nullptr) return fmt::format("{}", token);
  const Token one[] = {token};
  return fmt::format("{} {}", token,
                     json(tokenizer->decode(one, false)).dump(-1, ' ', true, json::error_handler_t::replace));
}

std::string greedy_text(const GreedyResult& greedy, const Tokenizer* tokenizer) {
  if (greedy.mismatches.empty()) {
    return fmt::format("{} tokens after {} prompts equal plain greedy decoding\n", greedy.tokens,
                       greedy.prompts);
  }
  const auto ties = std::ranges::count_if(greedy.mismatches, [](const Mismatch& m) { return m.tie(); });
  std::string out = fmt::format(
      "{} of {} texts leave plain greedy decoding, {} of them at a tie of floating point\n"
      "  prompt  after  plain token            method's token         lead in logits  noise of the pass\n",
      greedy.mismatches.size(), greedy.prompts, ties);
  for (std::size_t i = 0; i < std::min(kShownMismatches, greedy.mismatches.size()); ++i) {
    const Mismatch& m = greedy.mismatches[i];
    out += fmt::format("  {:>6}  {:>5}  {:<21}  {:<21}  {:>14.3g}  {:>17.3g}{}\n", m.prompt, m.position,
                       shown(m.plain, tokenizer), shown(m.method, tokenizer), m.margin, m.noise,
                       m.tie() ? "  tie" : "");
  }
  if (greedy.mismatches.size() > kShownMismatches) {
    out += fmt::format("  and {} more, in the file\n", greedy.mismatches.size() - kShownMismatches);
  }
  return out;
}

}  // namespace

std::string CertifiedPoint::title() const {
  Settings left = differs;
  const auto value = [&](const std::string& key) {
    left.erase(key);
    const auto found = settings.find(key);
    return found == settings.end() ? std::string() : words(found->second);
  };
  std::string out = value("drafter.kind");
  if (settings.contains("topology.kind")) {
    out += " " + value("topology.kind");
    for (const char* key : {"topology.length", "topology.widths", "topology.paths"}) {
      if (settings.contains(key)) out += " " + value(key);
    }
  }
  out += ", " + value("rule.kind");
  for (const auto& [key, _] : settings) {
    const bool of_rule = key.starts_with("rule.") && key != "rule.kind" && key != "rule.lossless";
    if (of_rule) out += fmt::format(", {} {}", key.substr(5), value(key));
  }
  out += ", temperature " + value("sampling.temperature");
  if (const std::string k = value("sampling.top_k"); k != "0") out += ", top_k " + k;
  if (const std::string p = value("sampling.top_p"); p != "1.0") out += ", top_p " + p;
  out += ", batch " + value("workload.batch");
  const std::string prompts = std::filesystem::path(value("workload.prompts")).stem().string();
  if (!prompts.empty()) out += ", " + prompts;
  return left.empty() ? out : out + ", " + in_words(left);
}

CertifiedPoint certify_point(const Subject& subject, const Settings& settings, const std::string& device,
                             const StatisticalOptions& options) {
  CertifiedPoint point;
  point.settings = settings;
  point.device = device;
  const std::vector<Sequence> sequences = subject.sequences(subject.seed);
  const Sampling& sampling = sequences.front().sampling;
  point.small = prove_small(settings, sampling);
  if (sampling.temperature == 0) {
    point.greedy = certify_greedy(subject, sequences);
    point.decision = point.greedy->decision;
  } else {
    point.statistical = certify_statistically(subject, options);
    point.decision = point.statistical->certificate.decision;
  }
  if (point.small.decision == Decision::lossy) point.decision = Decision::lossy;
  return point;
}

std::string to_text(const CertifiedPoint& point, const Tokenizer* tokenizer) {
  std::string out = wrapped("certificate of " + point.title(), 2) + "\n";
  for (const char* model : {"target", "draft"}) {
    for (const char* key : {"path", "kind"}) {
      const auto found = point.settings.find(fmt::format("{}.{}", model, key));
      if (found == point.settings.end()) continue;
      out += fmt::format("{} {}  ", model, words(found->second));
      break;
    }
  }
  if (!point.device.empty()) out += fmt::format("on {}  ", point.device);
  out += fmt::format("seed {}\n\n", words(point.settings.at("sampling.seed")));
  out += small_text(point.small) + "\n";
  if (point.statistical) {
    out += rows_text(point.statistical->rows);
    if (point.statistical->looks > 1) out += fmt::format("decided at look {}; ", point.statistical->looks);
    out += to_text(point.statistical->certificate);
  }
  if (point.greedy) out += greedy_text(*point.greedy, tokenizer);
  return out + fmt::format("\n{}\n", name(point.decision));
}

void write_point(Hdf5File& file, const std::string& group, const CertifiedPoint& point) {
  file.make_group(group);
  file.set(group, "decision", std::string(name(point.decision)));
  file.set(group, "title", point.title());
  if (!point.device.empty()) file.set(group, "device", point.device);
  file.set(group, "key", PointSettings{{}, point.settings}.name());
  file.make_group(group + "/settings");
  for (const auto& [key, value] : point.settings) file.set(group + "/settings", key, value);
  file.make_group(group + "/exact");
  file.set(group + "/exact", "decision", std::string(name(point.small.decision)));
  file.set(group + "/exact", "refusal", point.small.refusal);
  Table exact{.columns = {"scenario", "distance", "mass", "outcomes", "complete"}, .rows = {}};
  for (const SmallProof::Part& part : point.small.parts) {
    exact.rows.push_back({part.scenario, part.result.distance, part.result.mass, part.result.outcomes,
                          part.result.complete ? 1 : 0});
  }
  if (!exact.rows.empty()) write_table(file, group + "/exact/scenarios", exact);
  if (point.statistical) {
    const StatisticalResult& s = *point.statistical;
    write_certificate(file, group + "/statistical", s.certificate, s.evidence);
    file.set(group + "/statistical", "looks", s.looks);
    file.set(group + "/statistical", "rows", s.rows.rows);
    file.set(group + "/statistical", "rows_differing", s.rows.differing);
    file.set(group + "/statistical", "rows_largest_difference", s.rows.largest);
  }
  if (point.greedy) {
    file.make_group(group + "/greedy");
    file.set(group + "/greedy", "prompts", point.greedy->prompts);
    file.set(group + "/greedy", "tokens", point.greedy->tokens);
    Table table{.columns = {"prompt", "position", "plain", "method", "margin", "noise", "tie"}, .rows = {}};
    for (const Mismatch& m : point.greedy->mismatches) {
      table.rows.push_back({m.prompt, m.position, m.plain, m.method, m.margin, m.noise, m.tie() ? 1 : 0});
    }
    if (!table.rows.empty()) write_table(file, group + "/greedy/mismatches", table);
  }
}

}  // namespace speclab
