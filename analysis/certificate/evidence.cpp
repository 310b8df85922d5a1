#include "analysis/certificate/evidence.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace speclab {
namespace {

constexpr std::int64_t kEnough = 20;  // observations per bin

std::string position_name(int index) {
  return fmt::format("position {}{}", index + 1, index + 1 == Evidence::kPositions ? "+" : "");
}

void add_uniform(std::vector<Finding>& findings, std::string name, std::string question,
                 std::span<const std::int64_t> counts, std::int64_t total) {
  if (total < kEnough * static_cast<std::int64_t>(counts.size())) return;
  Finding finding{std::move(name), std::move(question), total, equal_counts_statistic(counts),
                  static_cast<int>(counts.size()) - 1};
  finding.p_value = chi_square_tail(finding.statistic, finding.degrees);
  findings.push_back(std::move(finding));
}

}  // namespace

void Evidence::PairTest::add(const Transforms& one, const Transforms& other) {
  by_probability.add(one.by_probability, other.by_probability);
  // Whether the second had drafts may depend on the first: to leave pairs out for it would be a selection.
  if (one.ratio_known) by_ratio.add(one.by_ratio, other.ratio_known ? other.by_ratio : other.by_probability);
}

Transforms Evidence::add(const Emission& emission) {
  Waiting& waiting = waiting_[emission.sequence];
  const double v =
      unit_interval(mix64(mix64(seed_ + kGolden * (emission.sequence + 1)) + kGolden * ++waiting.taken));
  const Transforms here = transforms(emission, v);
  const double px = emission.p[emission.token];
  if (px <= 0) ++impossible_;

  all_.add(here.by_probability);
  index_.add(here.by_index);
  const Surprise expected = expected_surprise(emission.p);
  const double excess = -std::log(std::max(px, std::numeric_limits<double>::min())) - expected.mean;
  surprise_.add(excess, expected.variance);
  if (here.ratio_known) {
    const int position = std::min(emission.position, kPositions) - 1;
    drafted_[position].add(here.by_probability);
    drafted_ratio_[position].add(here.by_ratio);
    ratio_.add(here.by_ratio);
    drafted_surprise_.add(excess, expected.variance);
    const Pull pulled = pull(emission);
    share_.add(pulled.share, pulled.share_variance);
    weight_.add(pulled.weight, pulled.weight_variance);
  } else {
    bonus_.add(here.by_probability);
    bonus_surprise_.add(excess, expected.variance);
  }
  if (emission.position == 1 && !emission.q.empty()) {
    ++roots_;
    for (std::size_t x = 0; x < emission.p.size(); ++x) overlaps_ += std::min(emission.p[x], emission.q[x]);
  }
  if (waiting.open) successors_.add(waiting.first, here);
  waiting.open = !waiting.open;
  waiting.first = here;
  if (emission.context != 0) prefixes_.add(emission.context, emission.p, emission.token);
  return here;
}

double Evidence::overlap() const {
  return roots_ > 0 ? overlaps_ / static_cast<double>(roots_) : std::numeric_limits<double>::quiet_NaN();
}

void Evidence::add_mates(const Transforms& one, const Transforms& other) { batch_pairs_.add(one, other); }

std::vector<Evidence::Panel> Evidence::panels() const {
  std::vector<Panel> panels{{"all tokens, by probability", &all_},
                            {"all tokens, by index", &index_},
                            {"drafted, by draft ratio", &ratio_}};
  for (int i = 0; i < kPositions; ++i) {
    panels.push_back({position_name(i) + ", by probability", &drafted_[i]});
    panels.push_back({position_name(i) + ", by draft ratio", &drafted_ratio_[i]});
  }
  panels.push_back({"beyond the drafts, by probability", &bonus_});
  return panels;
}

std::vector<Finding> Evidence::findings() const {
  std::vector<Finding> findings;
  for (const Panel& panel : panels()) {
    add_uniform(findings, panel.name, "is the token distributed as the target says", panel.histogram->counts,
                panel.histogram->total);
  }
  const auto excess = [&](const char* name, const char* question, const Excess& e) {
    if (e.n < 1000 || e.variance <= 0) return;
    const double z = e.excess / std::sqrt(e.variance);
    findings.push_back({name, question, e.n, z, 0, normal_tail(z)});
  };
  const char* surprising = "are tokens as surprising as the target's entropy says";
  excess("surprise, all tokens", surprising, surprise_);
  excess("surprise, drafted", surprising, drafted_surprise_);
  excess("surprise, beyond the drafts", surprising, bonus_surprise_);
  const char* pulling = "do drafts pull the token towards or away from what the draft says";
  excess("pull of the draft, q / (p + q)", pulling, share_);
  excess("pull of the draft, q", pulling, weight_);
  const auto tie = [&](const std::string& name, const char* question, const PairTest& t) {
    add_uniform(findings, name + ", by probability", question, t.by_probability.counts,
                t.by_probability.total);
    add_uniform(findings, name + ", by draft ratio", question, t.by_ratio.counts, t.by_ratio.total);
  };
  tie("neighbours", "does a token depend on the one before beyond what the target says", successors_);
  tie("batch mates", "do two sequences of a batch depend on one another", batch_pairs_);
  const PrefixTable::Fit prefixes = prefixes_.fit();
  if (prefixes.degrees > 0) {
    findings.push_back({"prefixes", "is the joint distribution of first tokens the target's", prefixes.tokens,
                        prefixes.statistic, prefixes.degrees,
                        chi_square_tail(prefixes.statistic, prefixes.degrees)});
  }
  if (impossible_ > 0) {
    findings.push_back({"impossible tokens", "was a token emitted that the target never emits", tokens(),
                        static_cast<double>(impossible_), 0, 0.0});
  }
  return findings;
}

}  // namespace speclab
