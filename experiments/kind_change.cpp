#include "experiments/kind_change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
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

struct SettingParts {
  std::string section, name;
  std::vector<std::string> inner;
};

// Of "section.name.inner".
SettingParts parts_of(const std::string& setting) {
  std::vector<std::string> steps(1);
  for (const char c : setting) {
    if (c == '.') {
      steps.emplace_back();
    } else {
      steps.back() += c;
    }
  }
  steps.resize(std::max<std::size_t>(steps.size(), 2));
  return {steps[0], steps[1], {steps.begin() + 2, steps.end()}};
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

const KindChange::Known& KindChange::known(const std::string& section, const std::string& kind) {
  const auto [slot, first] = settings_.try_emplace(section);
  if (first) {
    const SectionPage page = settings_page(page_of(section));
    for (const SectionSettings& each : page.kinds) {
      Known& known = slot->second[each.kind];
      for (const std::vector<SettingNote>& notes : {page.every_kind, each.notes}) {
        add_names(known.names, notes);
        known.settings.insert(known.settings.end(), notes.begin(), notes.end());
      }
    }
  }
  const std::string own = section != "workload" ? kind : kind == "checkpoint" ? kOfText : kSynthetic;
  return slot->second[own];
}

bool KindChange::gives(const Config& point, const std::string& setting, const json& value) {
  const auto [section, name, inner] = parts_of(setting);
  if (!point.sections.contains(section) || !point.sections.at(section).is_object()) return false;
  const json& given = point.sections.at(section);
  const auto is = [&](const std::string& key, const json& wanted) {
    const auto found = given.find(key);
    if (found == given.end()) return false;
    const json* at = &*found;
    for (const std::string& step : inner) {
      if (!at->is_object() || !at->contains(step)) return false;
      at = &at->at(step);
    }
    return *at == wanted;
  };
  const std::string governing = governor(section);
  const std::string kind =
      governing.empty() ? ""
                        : kind_of(governing, point.sections.value(governing, json::object()), point.places);
  for (const SettingNote& note : known(section, kind).settings) {
    const bool rooted = std::ranges::find(note.with_root, name) != note.with_root.end();
    if (note.name != name && !rooted && std::ranges::find(note.aliases, name) == note.aliases.end()) continue;
    // Under names that count the root of their tree too, one more is meant.
    const auto plus = [&](int more) {
      return more != 0 && value.is_number_integer() ? json(value.get<std::int64_t>() + more) : value;
    };
    const json own = plus(rooted ? -1 : 0), with_root = plus(rooted ? 0 : 1);
    return is(note.name, own) ||
           std::ranges::any_of(note.aliases, [&](const std::string& alias) { return is(alias, own); }) ||
           std::ranges::any_of(note.with_root,
                               [&](const std::string& alias) { return is(alias, with_root); });
  }
  return is(name, value);
}

namespace {

std::set<std::string> names_of(const std::string& section) {
  const SectionPage page = settings_page(page_of(section));
  std::set<std::string> names;
  add_names(names, page.every_kind);
  for (const SectionSettings& kind : page.kinds) add_names(names, kind.notes);
  return names;
}

void check_known(const std::set<std::string>& names, const std::string& setting, const std::string& place) {
  const auto [section, name, inner] = parts_of(setting);
  if (names.contains(name)) return;
  const std::vector<std::string> all(names.begin(), names.end());
  throw ConfigError(fmt::format(
      "{}: \"{}\" is no setting: [{}] has none of that name{}; `speclab list settings {}` has all", place,
      setting, section, did_you_mean(name, all), page_of(section)));
}

}  // namespace

void check_setting(const std::string& setting, const std::string& place) {
  check_known(names_of(parts_of(setting).section), setting, place);
}

void check_own_name(const std::string& setting, const std::string& place) {
  const auto [section, name, inner] = parts_of(setting);
  const SectionPage page = settings_page(page_of(section));
  std::vector<SettingNote> notes = page.every_kind;
  for (const SectionSettings& kind : page.kinds)
    notes.insert(notes.end(), kind.notes.begin(), kind.notes.end());
  std::erase_if(notes, &SettingNote::elsewhere);
  if (std::ranges::find(notes, name, &SettingNote::name) != notes.end()) return;
  std::set<std::string> own;
  for (const SettingNote& note : notes) {
    for (const std::vector<std::string>& others : {note.aliases, note.with_root})
      if (std::ranges::find(others, name) != others.end())
        own.insert(fmt::format("\"{}.{}\"", section, note.name));
  }
  if (own.empty())
    throw ConfigError(fmt::format("{}: \"{}\" is a setting of other tools, of which results have no value",
                                  place, setting));
  throw ConfigError(fmt::format("{}: \"{}\" is another name, and results have its values as {}", place,
                                setting, fmt::join(own, " or ")));
}

void check_spelling(const Experiment& experiment) {
  std::map<std::string, std::set<std::string>> known;
  const auto check = [&](const std::string& section, const json& value, const std::string& name,
                         const std::string& place) {
    const auto [names, first] = known.try_emplace(section);
    if (first) names->second = names_of(section);
    if (!name.empty()) return check_known(names->second, section + "." + name, place);
    if (!value.is_object()) return;
    for (const auto& [key, ignored] : value.items()) check_known(names->second, section + "." + key, place);
  };
  const auto check_key = [&](const std::string& key, const json& value, const std::string& place) {
    const std::size_t dot = key.find('.');
    const std::string name = dot == std::string::npos ? "" : parts_of(key).name;
    check(key.substr(0, dot), value, name, place);
  };
  for (const auto& [section, table] : experiment.base.sections.items()) {
    if (!table.is_object()) continue;
    for (const auto& [key, value] : table.items()) {
      const auto place = experiment.base.places.find(section + "." + key);
      check(section, value, key, place == experiment.base.places.end() ? section : place->second);
    }
  }
  for (const Axis& axis : experiment.axes)
    for (const json& value : axis.values) check_key(axis.key, value, axis.place);
  for (const Override& o : experiment.overrides) check_key(o.key, o.value, o.place);
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
    if (known(section, kind).names.empty()) continue;
    json kept = json::object();
    std::map<std::string, std::vector<std::string>> left_out;  // by the kind whose they are
    for (const auto& [key, value] : point.sections[section].items()) {
      const auto place = point.places.find(section + "." + key);
      const bool by_option = place != point.places.end() && place->second.starts_with("--");
      const std::set<std::string>& others = by_option ? by_axis : by_file;
      const auto other = std::ranges::find_if(others, [&, &key = key](const std::string& named_kind) {
        return known(section, named_kind).names.contains(key);
      });
      if (known(section, kind).names.contains(key) || other == others.end()) {
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
