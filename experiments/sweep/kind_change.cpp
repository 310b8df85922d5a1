#include "experiments/sweep/kind_change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace speclab {
namespace {

using nlohmann::json;

bool is_kind(const std::string& key, const std::string& section) {
  return key == section + ".kind" || key == section + ".method";
}

}  // namespace

KindChange::KindChange(const Experiment& experiment, SettingsByKind& known)
    : experiment_(experiment), known_(known) {}

KindChange::Named KindChange::named(const std::string& section) const {
  Named all;
  const json& sections = experiment_.base.sections;
  if (sections.contains(section))
    all.by_file.insert(kind_of(section, sections.at(section), experiment_.base.places));
  for (const Axis& axis : experiment_.axes) {
    for (const json& value : axis.values) {
      if (axis.key == section) all.by_axis.insert(kind_of(section, value, {}));
      if (is_kind(axis.key, section) && value.is_string()) all.by_axis.insert(value.get<std::string>());
    }
  }
  all.by_file.insert(all.by_axis.begin(), all.by_axis.end());
  const bool set =
      std::ranges::any_of(experiment_.overrides, [&](const Override& o) { return is_kind(o.key, section); });
  if (set) all.by_axis.clear();
  return all;
}

void KindChange::apply(Config& point) {
  std::vector<std::string> sections;
  for (const auto& [section, _] : point.sections.items()) sections.push_back(section);
  for (const std::string& section : sections) {
    const std::string governing = governor(section);
    if (governing.empty() || !point.sections[section].is_object()) continue;
    const auto [named, first] = named_.try_emplace(section);
    if (first) named->second = this->named(governing);
    const std::string kind = kind_of(governing, point);
    const auto& [by_file, by_axis] = named->second;
    if (kind.empty() || by_file.empty() || (by_file.size() == 1 && by_file.contains(kind))) continue;
    if (known_.known(section, kind).names.empty()) continue;
    json kept = json::object();
    std::map<std::string, std::vector<std::string>> left_out;  // by the kind whose they are
    for (const auto& [key, value] : point.sections[section].items()) {
      const auto place = point.places.find(section + "." + key);
      const bool by_option = place != point.places.end() && place->second.starts_with("--");
      const std::set<std::string>& others = by_option ? by_axis : by_file;
      const auto other = std::ranges::find_if(others, [&, &key = key](const std::string& named_kind) {
        return known_.known(section, named_kind).names.contains(key);
      });
      if (known_.known(section, kind).names.contains(key) || other == others.end()) {
        kept[key] = value;
        continue;
      }
      left_out[*other].push_back(
          fmt::format("{}{}", key, place == point.places.end() ? "" : " (" + place->second + ")"));
    }
    for (const auto& [other, keys] : left_out) {
      point.remarks.push_back(fmt::format("{}.{} left out: a matter of {}.kind = {}, not of {}", section,
                                          fmt::join(keys, ", "), governing, other, kind));
    }
    point.sections[section] = std::move(kept);
  }
}

}  // namespace speclab
