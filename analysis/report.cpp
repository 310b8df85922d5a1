#include "analysis/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "analysis/conditions.h"
#include "analysis/contradictions.h"
#include "analysis/metric_table.h"
#include "analysis/metrics.h"
#include "analysis/setting_names.h"

namespace speclab {
namespace {

using Points = std::span<const LoadedPoint>;

constexpr int kPositionsShown = 5;

// Settings with their values among the points that have them.
std::map<std::string, std::set<std::string>> values_of_settings(Points points) {
  std::map<std::string, std::set<std::string>> values;
  for (const LoadedPoint& point : points) {
    for (const auto& [name, value] : point.settings) values[name].insert(point.setting(name));
  }
  return values;
}

// A digest says nothing to a reader, and prompts are the groups' labels.
bool shown_elsewhere(const std::string& name) {
  return name.ends_with("digest") || name == "workload.prompts";
}

// Varying settings that no other column shows.
std::vector<std::string> parameters(Points points) {
  std::vector<std::string> names;
  for (const auto& [name, values] : values_of_settings(points)) {
    if (values.size() > 1 && name != kTemperature && name != kDrafterKind && name != kTopologyKind &&
        !shown_elsewhere(name)) {
      names.push_back(name);
    }
  }
  return names;
}

// The last part of a dotted name, where that is clear.
std::string short_name(const std::string& name, const std::vector<std::string>& names) {
  const auto last = [](const std::string& dotted) { return dotted.substr(dotted.rfind('.') + 1); };
  const auto alike =
      std::ranges::count_if(names, [&](const std::string& other) { return last(other) == last(name); });
  return alike == 1 ? last(name) : name;
}

std::string plus_minus(const std::optional<Estimate>& estimate) {
  if (!estimate) return "";
  if (!estimate->interval) return fmt::format("{:.2f}", estimate->value);
  return fmt::format("{:.2f} ±{:.2f}", estimate->value,
                     (estimate->interval->high - estimate->interval->low) / 2);
}

std::string bracketed(const std::optional<Estimate>& estimate) {
  if (!estimate) return "";
  if (!estimate->interval) return fmt::format("{:.2f}", estimate->value);
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", estimate->value, estimate->interval->low,
                     estimate->interval->high);
}

std::string by_position(const PromptSelection& selection) {
  std::string text;
  for (int n = 1; n <= selection.positions(); ++n) {
    const std::optional<Estimate> share = evaluate("acceptance_joint", selection, n);
    if (!share) continue;
    if (n > kPositionsShown) return text + " ..";
    const std::string digits = fmt::format("{:.2f}", share->value);
    text += (text.empty() ? "" : " ") + (digits.front() == '0' ? digits.substr(1) : digits);
  }
  return text;
}

struct Line {
  std::vector<ReportCell> cells;
  double measured = 0, priced = 0;
};

// Prices come from passes timed beside what was measured, so that the passes' own part in it is of interest.
bool calibrated(const LoadedPoint& point) { return point.setting(kPriceKind) == kCalibrated; }

std::vector<std::string> headers(Points points) {
  const Conditions of = conditions(points);
  std::vector<std::string> lines;
  lines.push_back(fmt::format("{}: {} of {} points done; {} prompts, {} runs of baseline and method each",
                              fmt::join(of.experiments, ", "), of.done, of.points, of.prompts, of.repeats));
  if (!of.models.empty()) lines.push_back("models:   " + of.models);
  if (!of.measured_on.empty()) lines.push_back("measured: on " + of.measured_on);
  if (!of.priced_as.empty()) lines.push_back("priced:   as " + of.priced_as);
  if (!of.commits.empty()) lines.push_back("program:  commit " + of.commits);
  std::string constant;
  for (const auto& [name, values] : values_of_settings(points)) {
    if (values.size() == 1 && shown_by_name(name))
      constant += fmt::format("{}{}={}", constant.empty() ? "" : "  ", name, *values.begin());
  }
  if (!constant.empty()) lines.push_back("constant: " + constant);
  if (std::ranges::any_of(points, calibrated))
    lines.push_back("accounted: as if nothing but passes of the models took time, from the measured passes");
  lines.push_back("tokens per step with the bonus token; speedup over plain decoding, prefill apart;");
  lines.push_back(
      "95 % intervals over prompts and runs; accepted: share of drafts that reach position 1, 2, ...");
  return lines;
}

void mark_best(std::vector<Line>& lines, double Line::*value, std::size_t column) {
  const auto best = std::ranges::max_element(lines, {}, value);
  if (lines.size() > 1 && (*best).*value > 0) best->cells[column].best = true;
}

std::vector<std::string> notes(Points points, const std::vector<std::string>& names) {
  std::vector<std::string> lines;
  for (const LoadedPoint& point : points) {
    std::string who = fmt::format("{} {}", point.key, strategy_of(point));
    for (const std::string& name : names) {
      if (point.settings.contains(name))
        who += fmt::format(" {}={}", short_name(name, names), point.setting(name));
    }
    if (!point.done()) lines.push_back(fmt::format("{} {}: {}", who, point.status, point.reason));
    for (const std::string& text : contradictions(point))
      lines.push_back(fmt::format("{} CONTRADICTION: {}", who, text));
  }
  return lines;
}

// Drops columns in which no row has anything.
void drop_empty(Report& report) {
  for (std::size_t column = report.columns.size(); column-- > 0;) {
    const bool used = std::ranges::any_of(report.groups, [&](const ReportGroup& group) {
      return std::ranges::any_of(group.rows, [&](const auto& row) { return !row[column].text.empty(); });
    });
    if (used) continue;
    const auto at = static_cast<std::ptrdiff_t>(column);
    report.columns.erase(report.columns.begin() + at);
    report.numeric.erase(report.numeric.begin() + at);
    for (ReportGroup& group : report.groups) {
      for (auto& row : group.rows) row.erase(row.begin() + at);
    }
  }
}

std::vector<std::string> labels_of(Points points) {
  std::vector<std::string> found;
  for (const LoadedPoint& point : points) {
    if (!point.done()) continue;
    for (const std::string& group : groups_of(point)) {
      if (std::ranges::find(found, group) == found.end()) found.push_back(group);
    }
  }
  return found;
}

// Finished points by strategy, then by the values of the settings.
std::vector<const LoadedPoint*> in_order(Points points, const std::vector<std::string>& names) {
  std::vector<const LoadedPoint*> order;
  for (const LoadedPoint& point : points) {
    if (point.done()) order.push_back(&point);
  }
  std::ranges::stable_sort(order, {}, [&](const LoadedPoint* point) {
    std::vector<nlohmann::json> values;
    for (const std::string& name : names) {
      const auto found = point->settings.find(name);
      values.push_back(found == point->settings.end() ? nlohmann::json() : found->second);
    }
    return std::tuple(strategy_of(*point), std::move(values));
  });
  return order;
}

Line line_of(const LoadedPoint& point, const std::string& label, const std::vector<std::string>& names) {
  const PromptSelection selection(point, label == kAllLabels ? "" : label);
  const auto measured = evaluate("measured_speedup", selection),
             priced = evaluate("priced_speedup", selection);
  Line line;
  line.cells.push_back({strategy_of(point)});
  for (const std::string& name : names) line.cells.push_back({point.setting(name)});
  line.cells.push_back({plus_minus(evaluate("tokens_per_step", selection))});
  line.cells.push_back({by_position(selection)});
  line.cells.push_back({bracketed(measured)});
  line.cells.push_back({calibrated(point) ? bracketed(evaluate("accounted_speedup", selection)) : ""});
  line.cells.push_back({bracketed(priced)});
  if (measured) line.measured = measured->value;
  if (priced) line.priced = priced->value;
  return line;
}

}  // namespace

Report build_report(Points points) {
  Report report;
  report.header = headers(points);
  const std::vector<std::string> names = parameters(points);
  report.columns = {"strategy"};
  for (const std::string& name : names) report.columns.push_back(short_name(name, names));
  for (const char* title :
       {"tokens/step", "accepted", "measured speedup", "accounted speedup", "priced speedup"}) {
    report.columns.push_back(title);
  }
  const std::size_t columns = report.columns.size();
  report.numeric.assign(columns, true);
  report.numeric[0] = report.numeric[columns - 4] = false;

  const std::vector<const LoadedPoint*> order = in_order(points, names);
  for (const std::string& label : labels_of(points)) {
    std::map<nlohmann::json, std::vector<Line>> by_temperature;
    for (const LoadedPoint* point : order) {
      if (std::ranges::count(groups_of(*point), label) == 0) continue;
      const auto found = point->settings.find(kTemperature);
      const nlohmann::json temperature = found == point->settings.end() ? nlohmann::json() : found->second;
      by_temperature[temperature].push_back(line_of(*point, label, names));
    }
    for (auto& [temperature, lines] : by_temperature) {
      mark_best(lines, &Line::measured, columns - 3);
      mark_best(lines, &Line::priced, columns - 1);
      ReportGroup& group = report.groups.emplace_back();
      group.title = label == kAllLabels ? "all prompts" : label;
      if (!temperature.is_null()) group.title += fmt::format(", temperature {}", temperature.dump());
      for (Line& line : lines) group.rows.push_back(std::move(line.cells));
    }
  }
  drop_empty(report);
  report.notes = notes(points, names);
  return report;
}

}  // namespace speclab
