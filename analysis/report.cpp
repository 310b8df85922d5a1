#include "analysis/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "analysis/best.h"
#include "analysis/choices.h"
#include "analysis/conditions.h"
#include "analysis/contradictions.h"
#include "analysis/metric_table.h"
#include "analysis/metrics.h"
#include "analysis/setting_names.h"

namespace speclab {
namespace {

using Points = std::span<const LoadedPoint>;

constexpr int kPositionsShown = 5, kPositionsInBrief = 3;

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
  return name == kTemperature || name == kDrafterKind || name == kTopologyKind || name == "workload.prompts";
}

// The last part of a dotted name, where that is clear.
std::string short_name(const std::string& name, const std::vector<std::string>& names) {
  const auto last = [](const std::string& dotted) { return dotted.substr(dotted.rfind('.') + 1); };
  const auto alike =
      std::ranges::count_if(names, [&](const std::string& other) { return last(other) == last(name); });
  return alike == 1 ? last(name) : name;
}

ReportCell with_interval(const std::optional<Estimate>& estimate) {
  if (!estimate) return {};
  const std::string value = fmt::format("{:.2f}", estimate->value);
  if (!estimate->interval || !(estimate->interval->low > 0)) return {value};
  const Interval& i = *estimate->interval;
  const double factor = std::max(i.high / estimate->value, estimate->value / i.low);
  return {fmt::format("{} [{:.2f}, {:.2f}]", value, i.low, i.high),
          fmt::format("{} ±{:.{}f}%", value, 100 * (factor - 1), factor < 1.01 ? 1 : 0)};
}

ReportCell plain(const std::optional<Estimate>& estimate) {
  return estimate ? ReportCell{fmt::format("{:.2f}", estimate->value)} : ReportCell{};
}

ReportCell by_position(const PromptSelection& selection) {
  ReportCell cell;
  const int positions = selection.positions();
  for (int n = 1; n <= positions && n <= kPositionsShown; ++n) {
    const std::optional<Estimate> share = evaluate("acceptance_joint", selection, n);
    if (!share) continue;
    const std::string digits = fmt::format("{:.2f}", share->value);
    const std::string shown = (n == 1 ? "" : " ") + (digits.front() == '0' ? digits.substr(1) : digits);
    cell.text += shown;
    if (n <= kPositionsInBrief) cell.brief += shown;
  }
  if (cell.text.empty()) return {};
  if (positions > kPositionsShown) cell.text += " ..";
  if (positions > kPositionsInBrief) cell.brief += " ..";
  return cell;
}

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
  if (!of.priced_error.empty()) lines.push_back("price's error: " + of.priced_error);
  if (!of.commits.empty()) lines.push_back("program:  commit " + of.commits);
  std::string constant;
  for (const auto& [name, values] : values_of_settings(points)) {
    if (values.size() == 1 && shown_by_name(name))
      constant += fmt::format("{}{}={}", constant.empty() ? "" : "  ", name, *values.begin());
  }
  if (!constant.empty()) lines.push_back("constant: " + constant);
  if (std::ranges::any_of(points, calibrated))
    lines.push_back("accounted: as if nothing but passes of the models took time, from the measured passes");
  lines.push_back(
      "tokens per step with the bonus token; accepted: share of drafts that reach position 1, 2, ...; cost: "
      "of "
      "a step, in steps of plain decoding; speedup over plain decoding, prefill apart");
  return lines;
}

std::vector<std::string> notes(Points points, const Differences& differ) {
  std::vector<std::string> lines;
  for (const LoadedPoint& point : points) {
    std::string who = fmt::format("{} {}", point.key, strategy_of(point));
    std::vector<std::string> names = differ.choices();
    std::ranges::copy(differ.circumstances(), std::back_inserter(names));
    for (const std::string& name : names) {
      if (point.settings.contains(name) && !shown_elsewhere(name))
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
      return std::ranges::any_of(group.rows,
                                 [&](const ReportRow& row) { return !row.cells[column].text.empty(); });
    });
    if (used) continue;
    const auto at = static_cast<std::ptrdiff_t>(column);
    report.columns.erase(report.columns.begin() + at);
    report.keys -= column < report.keys ? 1 : 0;
    for (ReportGroup& group : report.groups) {
      for (ReportRow& row : group.rows) row.cells.erase(row.cells.begin() + at);
    }
  }
}

// All together first, then by the alphabet: points come in the order of their hashes.
std::vector<std::string> labels_of(Points points) {
  std::set<std::pair<bool, std::string>> found;
  for (const LoadedPoint& point : points) {
    if (!point.done()) continue;
    for (const std::string& group : groups_of(point)) found.emplace(group != kAllLabels, group);
  }
  std::vector<std::string> labels;
  for (const auto& [one_of_several, label] : found) labels.push_back(label);
  return labels;
}

// Finished points by strategy, then by what was chosen.
std::vector<const LoadedPoint*> in_order(Points points, const Differences& differ) {
  std::vector<const LoadedPoint*> order;
  for (const LoadedPoint& point : points) {
    if (point.done()) order.push_back(&point);
  }
  std::ranges::stable_sort(order, {}, [&](const LoadedPoint* point) {
    return std::tuple(strategy_of(*point), differ.chosen(*point), differ.circumstance(*point));
  });
  return order;
}

constexpr std::size_t kMeasuredSpeedup = 3, kPricedSpeedup = 6;  // of these numbers:
const std::vector<ReportColumn> kNumbers = {
    {"", "tokens/step"},       {"", "accepted", false}, {"measured", "cost"}, {"measured", "speedup"},
    {"measured", "accounted"}, {"priced", "cost"},      {"priced", "speedup"}};

std::vector<ReportCell> numbers_of(const LoadedPoint& point, const PromptSelection& selection) {
  return {with_interval(evaluate("tokens_per_step", selection)),
          by_position(selection),
          plain(evaluate("measured_step_cost", selection)),
          with_interval(evaluate("measured_speedup", selection)),
          calibrated(point) ? with_interval(evaluate("accounted_speedup", selection)) : ReportCell{},
          plain(evaluate("priced_step_cost", selection)),
          with_interval(evaluate("priced_speedup", selection))};
}

std::vector<std::string> keys_of(const LoadedPoint& point, const std::vector<std::string>& names) {
  std::vector<std::string> cells = {strategy_of(point)};
  for (const std::string& name : names) cells.push_back(point.setting(name));
  return cells;
}

// The text of a group's circumstances, and its points.
using Group = std::pair<std::string, std::vector<const LoadedPoint*>>;

std::vector<Group> groups_of_circumstances(const std::vector<const LoadedPoint*>& order,
                                           const std::string& label, const Differences& differ) {
  std::map<std::vector<nlohmann::json>, Group> groups;
  for (const LoadedPoint* point : order) {
    if (std::ranges::count(groups_of(*point), label) == 0) continue;
    Group& group = groups[differ.one_choice() ? std::vector<nlohmann::json>{} : differ.circumstance(*point)];
    if (!differ.one_choice()) group.first = differ.circumstance_text(*point, label);
    group.second.push_back(point);
  }
  std::vector<Group> found;
  for (auto& [key, group] : groups) found.push_back(std::move(group));
  return found;
}

void mark_best(ReportGroup& group, std::span<const PromptSelection> points, std::size_t first_number) {
  for (const auto& [timed, column] :
       {std::pair(Timed::measured, kMeasuredSpeedup), {Timed::priced, kPricedSpeedup}}) {
    const std::vector<bool> best = best_of(points, timed);
    for (std::size_t i = 0; i < best.size(); ++i) group.rows[i].cells[first_number + column].best = best[i];
  }
}

// Whether the batch of a point ran empty while few were left.
bool ran_empty(const LoadedPoint& point) {
  constexpr int kRequestsAPlace = 8;
  const auto found = point.settings.find("workload.batch");
  if (!point.done() || found == point.settings.end() || !found->second.is_number_integer()) return false;
  const std::int64_t batch = found->second.get<std::int64_t>();
  return batch > 1 && point.setting("workload.refill") != "true" &&
         PromptSelection(point).grid().prompts < kRequestsAPlace * batch;
}

std::vector<std::string> footnotes(Points points, const Report& report) {
  std::vector<std::string> lines;
  bool marked = false, compared = false, priced = false;
  for (const ReportGroup& group : report.groups) {
    compared = compared || group.rows.size() > 1;
    for (const ReportRow& row : group.rows)
      marked = marked || std::ranges::any_of(row.cells, &ReportCell::best);
  }
  for (const ReportColumn& column : report.columns) priced = priced || column.block == "priced";
  if (marked)
    lines.push_back("* not to be told from the best of its table (prompts paired, 95 %)");
  else if (compared)
    lines.push_back("no *: no best of a table is to be told from plain decoding");
  if (priced)
    lines.push_back("priced intervals are of the prompts alone; the price's own error is not in them");
  const auto few = [](const LoadedPoint& point) {
    return point.done() && PromptSelection(point).grid().prompts < kFewestPrompts;
  };
  if (std::ranges::any_of(points, few))
    lines.push_back(fmt::format("below {} prompts there are no intervals, and no *", kFewestPrompts));
  const auto empty = std::ranges::count_if(points, ran_empty);
  if (empty > 0)
    lines.push_back(
        fmt::format("in {} points the batch ran empty at the end, with fewer than 8 requests a place: "
                    "that counts against whoever ends first; workload.refill = true keeps it full",
                    empty));
  return lines;
}

}  // namespace

Report build_report(Points points) {
  Report report;
  const Differences differ(points);
  report.header = headers(points);
  if (!differ.legend().empty())
    report.header.push_back(fmt::format("written:  {}", fmt::join(differ.legend(), "  ")));
  std::vector<std::string> names = differ.one_choice() ? differ.circumstances() : differ.choices();
  std::erase_if(names, [](const std::string& name) { return shown_elsewhere(name); });
  report.name_title = "strategy";
  report.columns = {{"", "strategy"}};
  for (const std::string& name : names) report.columns.push_back({"", short_name(name, names)});
  report.keys = report.columns.size();
  std::ranges::copy(kNumbers, std::back_inserter(report.columns));

  const std::vector<const LoadedPoint*> order = in_order(points, differ);
  for (const std::string& label : labels_of(points)) {
    for (const auto& [circumstances, members] : groups_of_circumstances(order, label, differ)) {
      ReportGroup& group = report.groups.emplace_back();
      group.title = label == kAllLabels ? "all prompts" : label;
      if (!circumstances.empty()) group.title += ", " + circumstances;
      std::vector<PromptSelection> selections;
      for (const LoadedPoint* point : members) {
        selections.emplace_back(*point, label == kAllLabels ? "" : label);
        ReportRow& row = group.rows.emplace_back();
        row.name = differ.strategy(*point);
        if (differ.one_choice()) {
          const std::string text = differ.circumstance_text(*point, label);
          if (!text.empty() && members.size() > 1) row.name = text;
        }
        for (std::string& key : keys_of(*point, names)) row.cells.push_back({std::move(key)});
        std::ranges::move(numbers_of(*point, selections.back()), std::back_inserter(row.cells));
      }
      if (!differ.one_choice()) mark_best(group, selections, report.keys);
    }
  }
  report.footnotes = footnotes(points, report);
  drop_empty(report);
  report.notes = notes(points, differ);
  return report;
}

}  // namespace speclab
