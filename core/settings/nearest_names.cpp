#include "core/settings/nearest_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace speclab {
namespace {

// Levenshtein's distance, one row at a time.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_names(std::string_view name, std::span<const std::string> names, std::size_t max) {
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  for (const std::string& known : names) {
    if (std::ranges::find(ranked, known, &std::pair<std::size_t, std::string_view>::second) == ranked.end())
      ranked.emplace_back(edits(name, known), known);
  }
  std::ranges::stable_sort(ranked, {}, [](const auto& entry) { return entry.first; });
  std::string list;
  for (std::size_t i = 0; i < std::min(max, ranked.size()); ++i) {
    if (i > 0) list += ", ";
    list += ranked[i].second;
  }
  return list;
}

std::string did_you_mean(std::string_view wrong, std::span<const std::string> names) {
  const auto distance = [&](const std::string& name) { return edits(wrong, name); };
  const auto nearest = std::ranges::min_element(names, {}, distance);
  const bool near =
      nearest != names.end() && distance(*nearest) <= std::max<std::size_t>(2, wrong.size() / 3);
  return near ? fmt::format(", did you mean '{}'?", *nearest) : "";
}

}  // namespace speclab
