#include "core/params.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace speclab {

using nlohmann::json;

Params::Params(std::string section, json given, std::map<std::string, std::string> places)
    : section_(std::move(section)), given_(std::move(given)), places_(std::move(places)) {
  if (given_.is_null()) given_ = json::object();
  if (!given_.is_object())
    throw ConfigError(section_ + " is to be a table of settings, not " + given_.dump());
}

void Params::fail(const std::string& key, const std::string& what) const {
  auto place = places_.find(section_ + "." + key);
  for (const auto& [written, name] : read_as_) {  // perhaps under another name
    if (place == places_.end() && name == key) place = places_.find(section_ + "." + written);
  }
  throw ConfigError(fmt::format("{}.{} {}{}", section_, key, what,
                                place == places_.end() ? "" : " (" + place->second + ")"));
}

const json* Params::find(Names names, const json& fallback, std::string_view help) {
  const std::string name(*names.begin());
  const json* found = nullptr;
  std::string aliases, found_as;
  for (const std::string_view candidate : names) {
    const std::string key(candidate);
    if (key != name) aliases += (aliases.empty() ? "" : ", ") + key;
    const auto at = given_.find(key);
    if (at == given_.end()) continue;
    if (found != nullptr) fail(key, "and its other name " + found_as + " are both set");
    read_as_[found_as = key] = name;
    found = &*at;
  }
  resolved_[name] = found != nullptr ? *found : fallback;
  notes_.push_back({name, aliases, fallback.is_null() ? "required" : fallback.dump(), std::string(help)});
  return found;
}

void Params::check_range(const std::string& key, double value, const Range& range) const {
  if (value > range.least && value <= range.most) return;
  if (value == range.least && !range.open_least && value <= range.most) return;
  std::string bounds;
  if (range.least > -std::numeric_limits<double>::infinity()) {
    bounds += fmt::format("{} {}", range.open_least ? "above" : "at least", range.least);
  }
  if (range.most < std::numeric_limits<double>::infinity()) {
    bounds += fmt::format("{}at most {}", bounds.empty() ? "" : " and ", range.most);
  }
  fail(key, fmt::format("= {} must be {}", value, bounds));
}

int Params::checked_integer(const std::string& key, const json& value, const Range& range) const {
  if (!value.is_number_integer()) fail(key, fmt::format("= {} is not a whole number", value.dump()));
  const auto wide = value.get<std::int64_t>();
  check_range(key, static_cast<double>(wide), range);
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    fail(key, fmt::format("= {} is too large", wide));
  }
  return static_cast<int>(wide);
}

double Params::checked_number(const std::string& key, const json& value, const Range& range) const {
  if (!value.is_number()) fail(key, fmt::format("= {} is not a number", value.dump()));
  const double number = value.get<double>();
  if (!std::isfinite(number)) fail(key, fmt::format("= {} is not a finite number", number));
  check_range(key, number, range);
  return number;
}

bool Params::flag(Names names, bool fallback, std::string_view help) {
  const json* found = find(names, fallback, help);
  if (found == nullptr) return fallback;
  if (!found->is_boolean())
    fail(std::string(*names.begin()), fmt::format("= {} is not true or false", found->dump()));
  return found->get<bool>();
}

int Params::integer(Names names, int fallback, Range range, std::string_view help) {
  const json* found = find(names, fallback, help);
  return found == nullptr ? fallback : checked_integer(std::string(*names.begin()), *found, range);
}

int Params::guesses(Names names, Names with_root, int fallback, Range range, std::string_view help) {
  std::string others;
  bool counted = false;
  for (const std::string_view other : with_root) {
    others += (others.empty() ? "" : ", ") + std::string(other);
    counted = counted || given_.contains(std::string(other));
  }
  const std::string noted = fmt::format("{} (one more, for the root: {})", help, others);
  if (!counted) return integer(names, fallback, range, noted);
  for (const std::string_view name : names) {
    if (given_.contains(std::string(name)))
      fail(std::string(name), "and its other name " + others + " are both set");
  }
  const std::string key(*with_root.begin()), name(*names.begin());
  const int value = integer(with_root, 0, {.least = range.least + 1, .most = range.most + 1}, help) - 1;
  resolved_.erase(key);
  resolved_[name] = value;
  notes_.back() = {name, "", std::to_string(fallback), noted};
  return value;
}

double Params::number(Names names, double fallback, Range range, std::string_view help) {
  const json* found = find(names, fallback, help);
  if (found == nullptr) return fallback;
  const double value = checked_number(std::string(*names.begin()), *found, range);
  resolved_[std::string(*names.begin())] = value;  // 1 and 1.0 are one setting
  return value;
}

std::string Params::text(Names names, std::string_view fallback, std::string_view help) {
  const json* found = find(names, fallback, help);
  return found == nullptr ? std::string(fallback) : checked_text(std::string(*names.begin()), *found);
}

std::string Params::checked_text(const std::string& name, const json& value) {
  if (!value.is_string() && !value.is_number()) fail(name, fmt::format("= {} is not a string", value.dump()));
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  resolved_[name] = text;  // 4090 and "4090" are one setting
  return text;
}

std::string Params::required_text(Names names, std::string_view help) {
  const json* found = find(names, nullptr, help);
  if (found == nullptr) fail(std::string(*names.begin()), "is required: " + std::string(help));
  return checked_text(std::string(*names.begin()), *found);
}

std::vector<int> Params::integers(Names names, std::vector<int> fallback, Range range,
                                  std::string_view help) {
  const json* found = find(names, fallback, help);
  if (found == nullptr) return fallback;
  const std::string key(*names.begin());
  if (!found->is_array()) fail(key, fmt::format("= {} is not a list of whole numbers", found->dump()));
  std::vector<int> values;
  for (const json& value : *found) values.push_back(checked_integer(key, value, range));
  return values;
}

std::vector<double> Params::numbers(Names names, const std::vector<double>& fallback, Range range,
                                    std::string_view help) {
  const json given = fallback;
  const json* found = find(names, given, help);
  const std::string key(*names.begin());
  if (found == nullptr) found = &given;
  std::vector<double> values;
  if (found->is_number()) {
    values.push_back(checked_number(key, *found, range));
  } else if (found->is_array()) {
    for (const json& value : *found) values.push_back(checked_number(key, value, range));
  } else {
    fail(key, fmt::format("= {} is not a number or a list of numbers", found->dump()));
  }
  if (values.size() == 1) {
    resolved_[key] = values.front();  // 0.8 and [0.8] are one setting
  } else {
    resolved_[key] = values;
  }
  return values;
}

Params::Paths Params::paths(Names names, Paths fallback, std::string_view help,
                            const std::map<std::string, Paths>& named) {
  const json* found = find(names, fallback, help);
  if (found == nullptr) return fallback;
  const std::string key(*names.begin());
  const std::string wanted = "is not a list of paths such as [[0], [1], [0, 0]]";
  if (found->is_string() && !named.empty()) {
    const auto known = named.find(found->get<std::string>());
    if (known != named.end()) return known->second;
    std::vector<std::string> all;
    for (const auto& [name, _] : named) all.push_back(name);
    fail(key, fmt::format("= {} is not known{}; there are: {}; or a list of paths", found->dump(),
                          did_you_mean(found->get<std::string>(), all), fmt::join(all, ", ")));
  }
  if (!found->is_array()) fail(key, wanted);
  Paths values;
  for (const json& path : *found) {
    if (!path.is_array()) fail(key, wanted);
    std::vector<int>& ranks = values.emplace_back();
    for (const json& rank : path) ranks.push_back(checked_integer(key, rank, {.least = 0}));
  }
  return values;
}

std::vector<std::string> Params::texts(Names names, const std::vector<std::string>& fallback,
                                       std::string_view help) {
  const json* found = find(names, fallback, help);
  if (found == nullptr) return fallback;
  const std::string key(*names.begin());
  if (found->is_string() || found->is_number()) return {checked_text(key, *found)};
  if (!found->is_array() || !std::ranges::all_of(*found, &json::is_string)) {
    fail(key, fmt::format("= {} is not a string or a list of strings", found->dump()));
  }
  return found->get<std::vector<std::string>>();
}

Params Params::table(Names names, std::string_view help) {
  const json* found = find(names, json::object(), help);
  const std::string key(*names.begin());
  if (found != nullptr && !found->is_object()) {
    fail(key, fmt::format("= {} is not a table such as {{ kind = \"...\" }}", found->dump()));
  }
  return Params(section_ + "." + key, found == nullptr ? json::object() : *found, places_);
}

std::vector<Params> Params::tables(Names names, std::string_view help) {
  const json* found = find(names, json::array(), help);
  const std::string key(*names.begin());
  std::vector<Params> all;
  if (found == nullptr) return all;
  if (!found->is_array() || !std::ranges::all_of(*found, &json::is_object)) {
    fail(key, fmt::format("= {} is not a list of tables such as [{{ kind = \"...\" }}]", found->dump()));
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    all.emplace_back(fmt::format("{}.{}[{}]", section_, key, i), (*found)[i], places_);
  }
  return all;
}

json Params::resolved_table() const {
  json all = json::object();
  for (const auto& [key, value] : resolved_) all[key] = value;
  return all;
}

void Params::settle(const std::string& name, const Params& table) {
  table.finish();
  resolved_[name] = table.resolved_table();
}

void Params::settle(const std::string& name, const std::vector<Params>& tables) {
  json all = json::array();
  for (const Params& table : tables) {
    table.finish();
    all.push_back(table.resolved_table());
  }
  resolved_[name] = all;
}

void Params::finish() const {
  for (const auto& [key, value] : given_.items()) {
    if (read_as_.contains(key)) continue;
    std::vector<std::string> known;
    for (const SettingNote& note : notes_) known.push_back(note.name);
    fail(key,
         fmt::format("is not a setting here{}; known: {}", did_you_mean(key, known), fmt::join(known, ", ")));
  }
}

}  // namespace speclab
