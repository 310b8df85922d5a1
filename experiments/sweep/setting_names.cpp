#include "experiments/sweep/setting_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>

#include "core/errors.h"
#include "experiments/sweep/settings_catalogue.h"

namespace speclab {
namespace {

using nlohmann::json;

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
  SettingsByKind known;
  check_known(known.names(parts_of(setting).section), setting, place);
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
  SettingsByKind known;
  const auto check = [&](const std::string& section, const json& value, const std::string& name,
                         const std::string& place) {
    const std::set<std::string>& names = known.names(section);
    if (!name.empty()) return check_known(names, section + "." + name, place);
    if (!value.is_object()) return;
    for (const auto& [key, ignored] : value.items()) check_known(names, section + "." + key, place);
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

bool gives(SettingsByKind& known, const Config& point, const std::string& setting, const json& value) {
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
  const std::string kind = governing.empty() ? "" : kind_of(governing, point);
  for (const SettingNote& note : known.known(section, kind).settings) {
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

}  // namespace speclab
