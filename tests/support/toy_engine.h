#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <vector>

namespace speclab {

inline constexpr int kToyVocab = 6, kToyDrafts = 3, kToyListed = 3;

// An engine in a few lines: speculative decoding of Markov sources as Leviathan et al. describe it, or
// `gullible`: drafts are always accepted. `fixed` drafts are the draft's likeliest tokens.
struct ToyEngine {
  bool gullible = false, fixed = false;
  std::uint64_t seed = 1;

  std::mt19937_64 random{};
  std::vector<std::vector<double>> p{}, q{};

  void start() {
    random.seed(seed);
    for (auto* rows : {&p, &q}) {
      for (int i = 0; i < kToyVocab; ++i) {
        std::vector<double>& row = rows->emplace_back();
        for (int t = 0; t < kToyVocab; ++t) row.push_back(-std::log(1 - uniform()));
        const double sum = std::accumulate(row.begin(), row.end(), 0.0);
        for (double& x : row) x /= sum;
      }
    }
  }
  double uniform() { return static_cast<double>(random() >> 11) * 0x1p-53; }
  int draw(const std::vector<double>& weights) {
    double left = uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
    int last = 0;
    for (int t = 0; t < kToyVocab; ++t) {
      const double weight = weights[t];
      if (weight <= 0) continue;
      last = t;
      if ((left -= weight) < 0) break;
    }
    return last;
  }
  static const std::vector<double>& at(const std::vector<std::vector<double>>& rows, int token) {
    return rows[token];
  }

  // One step after `last`, without names of sequence, step and so on.
  nlohmann::json step(int last) {
    nlohmann::json record = {{"draw", fixed ? "fixed" : "sampled"}, {"accepted", nlohmann::json::array()}};
    std::vector<int> drafted;
    for (int i = 0, before = last; i < kToyDrafts; ++i) {
      const std::vector<double>& row = at(q, before);
      before = fixed ? static_cast<int>(std::ranges::max_element(row) - row.begin()) : draw(row);
      drafted.push_back(before);
    }
    record["drafted"] = drafted;
    int before = last;
    for (const int candidate : drafted) {
      std::vector<double> here = at(q, before);
      if (fixed) {
        std::ranges::fill(here, 0.0);
        here[candidate] = 1;
      }
      const std::vector<double>& wanted = at(p, before);
      const auto c = static_cast<std::size_t>(candidate);
      record["target"].push_back(wanted);
      record["draft"].push_back(at(q, before));
      if (gullible || uniform() * here[c] < wanted[c]) {
        record["accepted"].push_back(candidate);
        record["emitted"].push_back(candidate);
        before = candidate;
        continue;
      }
      std::vector<double> residual(kToyVocab);
      for (std::size_t t = 0; t < kToyVocab; ++t) residual[t] = std::max(0.0, wanted[t] - here[t]);
      record["emitted"].push_back(draw(residual));
      return record;
    }
    record["target"].push_back(at(p, before));
    record["draft"].push_back(nullptr);
    record["emitted"].push_back(draw(at(p, before)));
    return record;
  }

  // `texts` texts, two at a time, each of `steps` steps after the same prompt.
  std::vector<nlohmann::json> trace(int texts, int steps) {
    start();
    std::vector<nlohmann::json> records;
    for (int text = 0; text < texts; text += 2) {
      int last[2] = {0, 0}, index[2] = {0, 0};
      for (int s = 0; s < steps; ++s) {
        for (int mate : {0, 1}) {
          nlohmann::json record = step(last[mate]);
          record.update(
              {{"sequence", text + mate}, {"step", text * steps + s}, {"prompt", 7}, {"index", index[mate]}});
          last[mate] = record["emitted"].back();
          index[mate] += static_cast<int>(record["emitted"].size());
          records.push_back(std::move(record));
        }
      }
    }
    return records;
  }
};

inline nlohmann::json listed(const nlohmann::json& row) {
  if (row.is_null()) return row;
  std::vector<int> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](int t) { return row[t].get<double>(); });
  nlohmann::json top = nlohmann::json::array();
  double rest = 1;
  for (int i = 0; i < kToyListed; ++i) {
    top.push_back({order[i], row[order[i]]});
    rest -= row[order[i]].get<double>();
  }
  return {{"top", top}, {"rest", rest}};
}

inline std::vector<nlohmann::json> with_listed_rows(std::vector<nlohmann::json> records) {
  for (nlohmann::json& record : records) {
    for (const char* rows : {"target", "draft"}) {
      for (nlohmann::json& row : record[rows]) row = listed(row);
    }
  }
  return records;
}

}  // namespace speclab
