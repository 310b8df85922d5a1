#include "experiments/kind_change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "core/params.h"
#include "experiments/config_section.h"
#include "experiments/settings_catalogue.h"

namespace speclab {
namespace {

using nlohmann::json;

// Whose kind decides which settings a section has; "" where none does.
std::string governor(const std::string& section) {
  if (section == "workload") return "target";  // texts are read where it has a tokenizer
  const bool plain = section == "sampling" || section == "record" || section == "certify";
  return plain ? "" : section;
}

// draft2 has the settings of draft.
std::string page_of(const std::string& section) {
  return section.starts_with("draft") && section != "drafter" ? "draft" : section;
}

std::string default_kind(const std::string& section) {
  if (section == "drafter") return kDefaultDrafter;
  if (section == "topology") return kDefaultTopology;
  if (section == "rule") return kDefaultRule;
  if (section == "clock") return "wall";
  if (section == "price") return "roofline";
  return section == "figure" ? "curves" : "checkpoint";
}

// "" where it is no name: whoever reads the section says so.
std::string kind_of(const std::string& section, const json& settings,
                    const std::map<std::string, std::string>& places) {
  try {
    return Params(section, settings, places).text({"kind", "method"}, default_kind(section), "");
  } catch (const ConfigError&) {
    return "";
  }
}

void add_names(std::set<std::string>& names, const std::vector<SettingNote>& notes) {
  for (const SettingNote& note : notes) {
    names.insert(note.name);
    names.insert(note.aliases.begin(), note.aliases.end());
    names.insert(note.with_root.begin(), note.with_root.end());
  }
}

bool is_kind(const std::string& key, const std::string& section) {
  return key == section + ".kind" || key == section + ".method";
}

}  // namespace

KindChange::KindChange(const Experiment& experiment) : experiment_(experiment) {}

KindChange::Named KindChange::named(const std::string& section) const {
  Named all;
  const json none = json::object();
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

const std::set<std::string>& KindChange::known(const std::string& section, const std::string& kind) {
  const auto [slot, first] = settings_.try_emplace(section);
  if (first) {
    const SectionPage page = settings_page(page_of(section));
    for (const SectionSettings& each : page.kinds) {
      std::set<std::string>& names = slot->second[each.kind];
      add_names(names, page.every_kind);
      add_names(names, each.notes);
    }
  }
  const std::string own = section != "workload" ? kind : kind == "checkpoint" ? kOfText : kSynthetic;
  return slot->second[own];
}

void KindChange::apply(Config& point) {
  std::vector<std::string> sections;
  for (const auto& [section, _] : point.sections.items()) sections.push_back(section);
  for (const std::string& section : sections) {
    const std::string governing = governor(section);
    if (governing.empty() || !point.sections[section].is_object()) continue;
    const auto [named, first] = named_.try_emplace(section);
    if (first) named->second = this->named(governing);
    const std::string kind =
        kind_of(governing, point.sections.value(governing, json::object()), point.places);
    const auto& [by_file, by_axis] = named->second;
    if (kind.empty() || by_file.empty() || (by_file.size() == 1 && by_file.contains(kind))) continue;
    if (known(section, kind).empty()) continue;
    json kept = json::object();
    std::map<std::string, std::vector<std::string>> left_out;  // by the kind whose they are
    for (const auto& [key, value] : point.sections[section].items()) {
      const auto place = point.places.find(section + "." + key);
      const bool by_option = place != point.places.end() && place->second.starts_with("--");
      const std::set<std::string>& others = by_option ? by_axis : by_file;
      const auto other = std::ranges::find_if(others, [&, &key = key](const std::string& named_kind) {
        return known(section, named_kind).contains(key);
      });
      if (known(section, kind).contains(key) || other == others.end()) {
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
