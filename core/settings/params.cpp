#include "core/settings/params.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

namespace speclab {

using nlohmann::json;

namespace {

std::string bounds(const Params::Range& range) {
  std::string text;
  if (range.min > -std::numeric_limits<double>::infinity())
    text += fmt::format("{} {}", range.open_min ? "above" : "at least", range.min);
  if (range.max < std::numeric_limits<double>::infinity())
    text += fmt::format("{}at most {}", text.empty() ? "" : " and ", range.max);
  return text;
}

std::string within(const char* kind, const Params::Range& range) {
  const std::string text = bounds(range);
  return text.empty() ? kind : fmt::format("{}, {}", kind, text);
}

// "length (k, gamma)"
std::string with_aliases(const SettingNote& note) {
  std::vector<std::string> others = note.aliases;
  others.insert(others.end(), note.with_root.begin(), note.with_root.end());
  return others.empty() ? note.name : fmt::format("{} ({})", note.name, fmt::join(others, ", "));
}

// A list of lists that was written as Python prints it, "[(0,), (0, 0)]"; null where the text is no such
// thing.
json listed(const std::string& text) {
  std::string plain;
  int depth = 0;
  for (const char c : text) {
    const bool closes = c == ')' || c == ']';
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    if (closes && plain.ends_with(',')) plain.pop_back();
    plain += c == '(' ? '[' : closes ? ']' : c;
    depth += plain.back() == '[' ? 1 : closes ? -1 : 0;
    if (depth > 2) return {};
  }
  if (!plain.starts_with('[') || plain.find_first_not_of("[],0123456789") != std::string::npos) return {};
  const json list = json::parse(plain, nullptr, false);
  return list.is_array() ? list : json();
}

// What is wrong with a text like "8..1" where a number is wanted; "" where it is no attempt at a range.
std::string range_hint(const json& value) {
  if (!value.is_string()) return "";
  const std::string& text = value.get_ref<const std::string&>();
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) return "";
  const char *begin = text.data(), *end = begin + text.size(), *middle = begin + dots;
  int from = 0, to = 0;
  const auto first = std::from_chars(begin, middle, from), last = std::from_chars(middle + 2, end, to);
  const bool whole =
      first.ec == std::errc() && first.ptr == middle && last.ec == std::errc() && last.ptr == end;
  if (whole && from > to) return fmt::format("; a range begins with its smaller end: {}..{}", to, from);
  if (whole) return "; a range is a matter of --set; in a file list the values under [sweep]";
  return "; a range has a whole number at each end and two dots between, such as 1..8";
}

}  // namespace

Params::Params(std::string section, json given, std::map<std::string, std::string> places)
    : section_(std::move(section)), given_(std::move(given)), places_(std::move(places)) {
  if (given_.is_null()) given_ = json::object();
  if (!given_.is_object())
    throw ConfigError(section_ + " is to be a table of settings, not " + given_.dump());
}

Params Params::listing(std::string section, json given) {
  Params params(std::move(section), std::move(given));
  params.listing_ = true;
  return params;
}

void Params::fail(const std::string& key, const std::string& what) const {
  const auto written = taken_.find(key);  // perhaps under another name
  const auto place = places_.find(section_ + "." + (written == taken_.end() ? key : written->second));
  throw ConfigError(fmt::format("{}.{} {}{}", section_, key, what,
                                place == places_.end() ? "" : " (" + place->second + ")"));
}

bool Params::by_option(const std::string& key) const {
  const auto place = places_.find(section_ + "." + key);
  return place != places_.end() && place->second.starts_with("--");
}

std::string Params::given_as(const std::vector<std::string>& names) {
  std::string by_file, by_command_line;
  for (const std::string& key : names) {
    if (!given_.contains(key)) continue;
    read_as_[key] = names.front();
    std::string& same = by_option(key) ? by_command_line : by_file;
    if (!same.empty()) fail(key, "and its other name " + same + " are both set");
    same = key;
  }
  const std::string& taken = by_command_line.empty() ? by_file : by_command_line;
  if (!taken.empty()) taken_[names.front()] = taken;
  return taken;
}

const json* Params::find(Names names, const json& fallback, std::string values, std::string_view help) {
  const std::vector<std::string> all(names.begin(), names.end());
  notes_.push_back({.name = all.front(),
                    .aliases = {all.begin() + 1, all.end()},
                    .with_root = {},
                    .fallback = fallback.is_null() ? "required" : fallback.dump(),
                    .values = std::move(values),
                    .choices = {},
                    .help = std::string(help)});
  const std::string taken = given_as(all);
  const json* found = taken.empty() ? nullptr : &given_.at(taken);
  resolved_[all.front()] = found != nullptr ? *found : fallback;
  return found;
}

void Params::check_range(const std::string& key, double value, const Range& range) const {
  if (value > range.min && value <= range.max) return;
  if (value == range.min && !range.open_min && value <= range.max) return;
  fail(key, fmt::format("= {} must be {}", value, bounds(range)));
}

int Params::checked_integer(const std::string& key, const json& value, const Range& range) const {
  if (!value.is_number_integer())
    fail(key, fmt::format("= {} is not a whole number{}", value.dump(), range_hint(value)));
  const auto wide = value.get<std::int64_t>();
  check_range(key, static_cast<double>(wide), range);
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    fail(key, fmt::format("= {} is too large", wide));
  }
  return static_cast<int>(wide);
}

double Params::checked_number(const std::string& key, const json& value, const Range& range) const {
  if (!value.is_number()) fail(key, fmt::format("= {} is not a number{}", value.dump(), range_hint(value)));
  const double number = value.get<double>();
  if (!std::isfinite(number)) fail(key, fmt::format("= {} is not a finite number", number));
  check_range(key, number, range);
  return number;
}

bool Params::flag(Names names, bool fallback, std::string_view help) {
  const json* found = find(names, fallback, "true or false", help);
  if (found == nullptr) return fallback;
  if (!found->is_boolean())
    fail(std::string(*names.begin()), fmt::format("= {} is not true or false", found->dump()));
  return found->get<bool>();
}

int Params::integer(Names names, int fallback, Range range, std::string_view help) {
  const json* found = find(names, fallback, within("whole number", range), help);
  return found == nullptr ? fallback : checked_integer(std::string(*names.begin()), *found, range);
}

int Params::guesses(Names names, Names with_root, int fallback, Range range, std::string_view help) {
  const std::vector<std::string> own(names.begin(), names.end()), rooted(with_root.begin(), with_root.end());
  std::vector<std::string> all = own;
  all.insert(all.end(), rooted.begin(), rooted.end());
  notes_.push_back({.name = own.front(),
                    .aliases = {own.begin() + 1, own.end()},
                    .with_root = rooted,
                    .fallback = std::to_string(fallback),
                    .values = within("whole number", range),
                    .choices = {},
                    .help = std::string(help)});
  const std::string taken = given_as(all);
  int value = fallback;
  if (std::ranges::find(rooted, taken) != rooted.end()) {
    value = checked_integer(taken, given_.at(taken), {.min = range.min + 1, .max = range.max + 1}) - 1;
  } else if (!taken.empty()) {
    value = checked_integer(own.front(), given_.at(taken), range);
  }
  resolved_[own.front()] = value;
  return value;
}

void Params::only(Names names, std::initializer_list<json> values, std::string_view why) {
  std::string known;
  for (const json& value : values) known += (known.empty() ? "" : " or ") + value.dump();
  notes_.push_back({.name = std::string(*names.begin()),
                    .aliases = {names.begin() + 1, names.end()},
                    .with_root = {},
                    .fallback = values.begin()->dump(),
                    .values = known,
                    .choices = {},
                    .help = std::string(why),
                    .elsewhere = true});
  for (const std::string_view name : names) {
    const auto found = given_.find(std::string(name));
    if (found == given_.end()) continue;
    read_as_[std::string(name)] = name;
    if (std::ranges::find(values, *found) != values.end()) continue;
    fail(std::string(name),
         fmt::format("= {} has no meaning here, only {} has: {}", found->dump(), known, why));
  }
}

void Params::never(Names names, const json& value, std::string_view why) const {
  for (const std::string_view name : names) {
    const auto found = given_.find(std::string(name));
    if (found != given_.end() && *found == value)
      fail(std::string(name), fmt::format("= {} has no meaning here: {}", value.dump(), why));
  }
}

double Params::number(Names names, double fallback, Range range, std::string_view help) {
  const json* found = find(names, fallback, within("number", range), help);
  if (found == nullptr) return fallback;
  const double value = checked_number(std::string(*names.begin()), *found, range);
  resolved_[std::string(*names.begin())] = value;  // 1 and 1.0 are one setting
  return value;
}

std::string Params::text(Names names, std::string_view fallback, std::string_view help) {
  const json* found = find(names, fallback, "text", help);
  return found == nullptr ? std::string(fallback) : checked_text(std::string(*names.begin()), *found);
}

std::string Params::checked_text(const std::string& name, const json& value) {
  if (!value.is_string() && !value.is_number()) fail(name, fmt::format("= {} is not a string", value.dump()));
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  resolved_[name] = text;  // 4090 and "4090" are one setting
  return text;
}

std::string Params::required_text(Names names, std::string_view help) {
  const json* found = find(names, nullptr, "text", help);
  if (found == nullptr && listing_) return "";
  if (found == nullptr) fail(std::string(*names.begin()), "is required: " + std::string(help));
  return checked_text(std::string(*names.begin()), *found);
}

std::vector<int> Params::integers(Names names, std::vector<int> fallback, Range range,
                                  std::string_view help) {
  const json* found = find(names, fallback, within("list of whole numbers", range), help);
  if (found == nullptr) return fallback;
  const std::string key(*names.begin());
  if (!found->is_array())
    fail(key, fmt::format("= {} is not a list of whole numbers{}", found->dump(), range_hint(*found)));
  std::vector<int> values;
  for (const json& value : *found) values.push_back(checked_integer(key, value, range));
  return values;
}

std::vector<double> Params::numbers(Names names, const std::vector<double>& fallback, Range range,
                                    std::string_view help) {
  const json given = fallback;
  const json* found = find(names, given, within("number or list of numbers", range), help);
  const std::string key(*names.begin());
  if (found == nullptr) found = &given;
  std::vector<double> values;
  if (found->is_number()) {
    values.push_back(checked_number(key, *found, range));
  } else if (found->is_array()) {
    for (const json& value : *found) values.push_back(checked_number(key, value, range));
  } else {
    fail(key, fmt::format("= {} is not a number or a list of numbers{}", found->dump(), range_hint(*found)));
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
  std::string kind = "list of paths";
  for (const auto& [name, _] : named) kind += ", or " + name;
  const json* found = find(names, fallback, std::move(kind), help);
  if (found == nullptr) return fallback;
  const std::string key(*names.begin());
  const std::string wanted = "is not a list of paths such as [[0], [1], [0, 0]]";
  const json written = found->is_string() ? listed(found->get<std::string>()) : json();
  if (written.is_array()) {
    found = &written;
  } else if (found->is_string() && !named.empty()) {
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
    for (const json& rank : path) ranks.push_back(checked_integer(key, rank, {.min = 0}));
  }
  resolved_[key] = values;  // a list and its text are one setting
  return values;
}

std::string Params::one_of(Names names, const std::vector<std::string>& known, std::string_view help) {
  const json* found = find(names, known.front(), fmt::format("{}", fmt::join(known, ", ")), help);
  notes_.back().choices = known;
  if (found == nullptr) return known.front();
  const std::string key(*names.begin());
  if (!found->is_string()) fail(key, fmt::format("= {} is not a string", found->dump()));
  const std::string chosen = found->get<std::string>();
  if (std::ranges::find(known, chosen) == known.end()) {
    fail(key, fmt::format("= '{}' is none of: {}", chosen, fmt::join(known, ", ")));
  }
  return chosen;
}

std::vector<std::string> Params::texts(Names names, const std::vector<std::string>& fallback,
                                       std::string_view help) {
  const json* found = find(names, fallback, "text or list of texts", help);
  if (found == nullptr) return fallback;
  const std::string key(*names.begin());
  if (found->is_string() || found->is_number()) return {checked_text(key, *found)};
  if (!found->is_array() || !std::ranges::all_of(*found, &json::is_string)) {
    fail(key, fmt::format("= {} is not a string or a list of strings", found->dump()));
  }
  return found->get<std::vector<std::string>>();
}

Params Params::table(Names names, std::string_view help) {
  const json* found = find(names, json::object(), "table", help);
  const std::string key(*names.begin());
  if (found != nullptr && !found->is_object()) {
    fail(key, fmt::format("= {} is not a table such as {{ kind = \"...\" }}", found->dump()));
  }
  Params inner(section_ + "." + key, found == nullptr ? json::object() : *found, places_);
  inner.listing_ = listing_;
  return inner;
}

std::vector<Params> Params::tables(Names names, std::string_view help) {
  const json* found = find(names, json::array(), "list of tables", help);
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
  if (listing_) return;
  for (const auto& [key, value] : given_.items()) {
    if (read_as_.contains(key)) continue;
    std::vector<std::string> names, known;
    for (const SettingNote& note : notes_) {
      if (!note.elsewhere) known.push_back(with_aliases(note));
      names.push_back(note.name);
      names.insert(names.end(), note.aliases.begin(), note.aliases.end());
      names.insert(names.end(), note.with_root.begin(), note.with_root.end());
    }
    fail(key,
         fmt::format("is not a setting here{}; known: {}", did_you_mean(key, names), fmt::join(known, ", ")));
  }
}

}  // namespace speclab
