#include "experiments/sweep/points.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/errors.h"
#include "experiments/sweep/kind_change.h"
#include "experiments/sweep/setting_names.h"
#include "experiments/sweep/settings_by_kind.h"

namespace speclab {
namespace {

using nlohmann::json;

// `key` is a section, a setting of it, or a setting of a table there.
void set_value(Config& config, const std::string& key, const json& value, const std::string& place) {
  json* table = &config.sections;
  std::size_t begin = 0;
  for (std::size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', begin)) {
    table = &(*table)[key.substr(begin, dot - begin)];
    if (table->is_null()) *table = json::object();
    if (!table->is_object()) {
      throw ConfigError(fmt::format("{} {}: {} is {}, not a table; give it as a whole", place, key,
                                    key.substr(0, dot), table->dump()));
    }
    begin = dot + 1;
  }
  (*table)[key.substr(begin)] = value;
  config.places[key] = place;
  if (begin > 0 || !value.is_object()) return;
  for (const auto& [setting, ignored] : value.items()) config.places[key + "." + setting] = place;
}

}  // namespace

std::vector<PointRequest> points(const Experiment& experiment) {
  std::vector<PointRequest> all{{experiment.base, ""}};
  // Whole sections first: an axis over one setting of a section applies to whatever the section is.
  std::vector<Axis> axes = experiment.axes;
  std::stable_partition(axes.begin(), axes.end(),
                        [](const Axis& axis) { return axis.key.find('.') == std::string::npos; });
  for (const Axis& axis : axes) {
    if (axis.key == "figure" || axis.key.starts_with("figure."))
      throw ConfigError(fmt::format("{}: '{}' is no axis: a sweep has one figure", axis.place, axis.key));
    if (all.size() * axis.values.size() > static_cast<std::size_t>(kMaxPoints)) {
      throw ConfigError(
          fmt::format("{}: with {} values of '{}' there are more than {} points; sweep fewer at once",
                      axis.place, axis.values.size(), axis.key, kMaxPoints));
    }
    std::vector<PointRequest> product;
    for (const PointRequest& point : all) {
      for (const json& value : axis.values) {
        set_value(product.emplace_back(point).config, axis.key, value, axis.place);
      }
    }
    all = std::move(product);
  }
  for (const SkipIf& skip : experiment.skip_ifs)
    for (const auto& [setting, place] : skip.places) check_setting(setting, place);
  SettingsByKind known;
  KindChange kinds(experiment, known);
  std::vector<bool> met(experiment.skip_ifs.size());
  for (PointRequest& point : all) {
    for (const Override& o : experiment.overrides) set_value(point.config, o.key, o.value, o.place);
    kinds.apply(point.config);
    for (std::size_t i = 0; i < met.size(); ++i) {
      const SkipIf& skip = experiment.skip_ifs[i];
      const bool holds = std::ranges::all_of(
          skip.when, [&](const auto& one) { return gives(known, point.config, one.first, one.second); });
      if (point.skipped.empty() && holds) point.skipped = skip.reason;
      met[i] = met[i] || holds;
    }
  }
  // Options may have left out what a condition is about.
  for (std::size_t i = 0; i < met.size() && experiment.overrides.empty() && !experiment.axes.empty(); ++i) {
    if (met[i]) continue;
    const auto run = std::ranges::find(all, "", &PointRequest::skipped);
    if (run == all.end()) break;
    run->config.remarks.push_back(fmt::format("skip_if \"{}\" holds at no point: {}",
                                              experiment.skip_ifs[i].reason,
                                              json(experiment.skip_ifs[i].when).dump()));
  }
  return all;
}

}  // namespace speclab
