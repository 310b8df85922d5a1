#include "analysis/metric_table.h"

#include <fmt/format.h>

#include "analysis/metrics.h"
#include "analysis/setting_names.h"

namespace speclab {
namespace {

constexpr int kMaxPositions = 16;

class RowWriter {
 public:
  explicit RowWriter(Table& table) : table_(table) { table_.rows.emplace_back(table_.columns.size()); }

  void put(const std::string& column, nlohmann::json value) {
    const std::size_t index = table_.column(column);
    table_.rows.back()[index] = std::move(value);
  }

  void put(const std::string& column, const Estimate& estimate) {
    put(column, nlohmann::json(estimate.value));
    const std::size_t low = table_.column(column + "_low"), high = table_.column(column + "_high");
    if (estimate.interval) {
      table_.rows.back()[low] = estimate.interval->low;
      table_.rows.back()[high] = estimate.interval->high;
    }
    put(column + "_numerator", nlohmann::json(estimate.numerator));
    put(column + "_denominator", nlohmann::json(estimate.denominator));
  }

 private:
  Table& table_;
};

}  // namespace

std::vector<std::string> groups_of(const LoadedPoint& point) {
  std::vector<std::string> groups = labels(point);
  if (groups.size() != 1) groups.insert(groups.begin(), kAllLabels);
  return groups;
}

std::string strategy_of(const LoadedPoint& point) {
  const std::string drafter = point.setting(kDrafterKind), topology = point.setting(kTopologyKind);
  return drafter + (drafter.empty() || topology.empty() ? "" : " ") + topology;
}

Table metric_table(std::span<const LoadedPoint> points) {
  Table table;
  for (const LoadedPoint& point : points) {
    if (!point.done()) continue;
    for (const std::string& group : groups_of(point)) {
      const PromptSelection selection(point, group == kAllLabels ? "" : group);
      RowWriter row(table);
      row.put("key", nlohmann::json(point.key));
      row.put("label", nlohmann::json(group));
      row.put("strategy", nlohmann::json(strategy_of(point)));
      row.put("prompts", nlohmann::json(selection.grid().prompts));
      row.put("repeats", nlohmann::json(selection.grid().repeats));
      for (const auto& [name, value] : point.settings) row.put(name, value);
      for (const char* fact : {"cpu", "device", "clock", "priced_device", "priced_target", "priced_draft"}) {
        row.put(fact, nlohmann::json(point.fact(fact)));
      }
      for (const Metric& metric : metrics()) {
        const int positions = metric.by_position ? std::min(selection.positions(), kMaxPositions) : 1;
        for (int n = 1; n <= positions; ++n) {
          const std::optional<Estimate> value = evaluate(metric.name, selection, n);
          if (!value) continue;
          row.put(metric.by_position ? fmt::format("{}_{}", metric.name, n) : std::string(metric.name),
                  *value);
        }
      }
    }
  }
  return table;
}

}  // namespace speclab
