#include "experiments/config/config_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "core/errors.h"
#include "core/settings/params.h"
#include "core/settings/printable.h"
#include "core/settings/toml_text.h"
#include "core/settings/utf8.h"

namespace speclab {
namespace {

using nlohmann::json;

const std::vector<std::string> kSections{"target",   "draft", "drafter", "topology", "rule",    "sampling",
                                         "workload", "clock", "price",   "record",   "certify", "figure"};

constexpr const char* kCommandLine = "--set";  // where a setting was written

std::string place(const std::string& file, const toml::node& node) {
  return fmt::format("{}:{}", file, node.source().begin.line);
}

json to_json(const toml::node& node, const std::string& file) {
  if (const auto* table = node.as_table()) {
    json object = json::object();
    for (const auto& [key, value] : *table) object[std::string(key.str())] = to_json(value, file);
    return object;
  }
  if (const auto* array = node.as_array()) {
    json list = json::array();
    for (const auto& value : *array) list.push_back(to_json(value, file));
    return list;
  }
  if (const auto value = node.value<std::string>(); node.is_string()) return *value;
  if (node.is_boolean()) return *node.value<bool>();
  if (node.is_integer()) return *node.value<std::int64_t>();
  if (node.is_floating_point()) return *node.value<double>();
  throw ConfigError(place(file, node) + ": dates and times are no settings");
}

void check_section(const std::string& name, const std::string& where) {
  if (std::ranges::find(kSections, name) != kSections.end()) return;
  if (name.size() == 6 && name.starts_with("draft") && name[5] >= '2' && name[5] <= '9') return;
  throw ConfigError(fmt::format("{}: '{}' is not a section{}; known: {}", where, name,
                                did_you_mean(name, kSections), fmt::join(kSections, ", ")));
}

Axis read_axis(const toml::node& node, const std::string& key, const std::string& file) {
  Axis axis{key, {}, place(file, node)};
  const auto* array = node.as_array();
  if (array == nullptr || array->empty()) {
    throw ConfigError(fmt::format("{}: sweep.{} is to be a list of values, one per point", axis.place, key));
  }
  for (const auto& value : *array) axis.values.push_back(to_json(value, file));
  return axis;
}

// A table within a section holds axes over the settings of the table of that name.
void read_axes(const toml::table& settings, const std::string& prefix, const std::string& file,
               Experiment& experiment) {
  for (const auto& [key, node] : settings) {
    const std::string name = prefix + "." + std::string(key.str());
    if (const auto* inner = node.as_table(); inner != nullptr) {
      read_axes(*inner, name, file, experiment);
    } else {
      experiment.axes.push_back(read_axis(node, name, file));
    }
  }
}

void read_sweep(const toml::table& sweep, const std::string& file, Experiment& experiment) {
  for (const auto& [section, node] : sweep) {
    const std::string name(section.str());
    check_section(name, place(file, node));
    const auto* settings = node.as_table();
    if (settings == nullptr) {
      Axis axis = read_axis(node, name, file);
      if (!std::ranges::all_of(axis.values, &json::is_object)) {
        throw ConfigError(
            fmt::format("{}: sweep.{} is to be a list of tables, such as {{ kind = \"chain\", length = 4 }}",
                        axis.place, name));
      }
      experiment.axes.push_back(std::move(axis));
      continue;
    }
    read_axes(*settings, name, file, experiment);
  }
}

void read_skip_ifs(const toml::node& node, const std::string& file, Experiment& experiment) {
  const std::string wanted =
      ": skip_if is to be a list of tables { when = { \"drafter.kind\" = ..., ... }, reason = \"...\" }";
  const auto* list = node.as_array();
  if (list == nullptr) throw ConfigError(place(file, node) + wanted);
  for (const auto& item : *list) {
    const auto* table = item.as_table();
    const auto* when = table == nullptr ? nullptr : (*table)["when"].as_table();
    if (when == nullptr || when->empty() || !(*table)["reason"].is_string() || table->size() != 2) {
      throw ConfigError(place(file, item) + wanted);
    }
    SkipIf skip{{}, {}, *(*table)["reason"].value<std::string>()};
    for (const auto& [key, value] : *when) {
      const std::string setting(key.str());
      const auto dot = setting.find('.');
      check_section(setting.substr(0, dot), place(file, value));
      if (dot == std::string::npos) {
        throw ConfigError(fmt::format("{}: when.{} is to be a setting in quotes, such as \"{}.kind\"",
                                      place(file, value), setting, setting));
      }
      skip.when[setting] = to_json(value, file);
      skip.places[setting] = place(file, value);
    }
    experiment.skip_ifs.push_back(std::move(skip));
  }
}

// Of those beside it.
std::string nearest_config(const std::filesystem::path& missing) {
  const std::filesystem::path folder = missing.has_parent_path() ? missing.parent_path() : ".";
  if (!std::filesystem::is_directory(folder)) return "";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".toml") names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return did_you_mean(missing.filename().string(), names);
}

void check_name(const std::string& name, const std::string& place) {
  const std::string text = replace_invalid_utf8(name);  // of a file's name, which may be any bytes
  const bool plain = name.find_first_of("/\t") == std::string::npos && printable_line(text) == text;
  if (!name.empty() && name.front() != '.' && plain) return;
  throw ConfigError(fmt::format(
      "{}: experiment = \"{}\" is to be a plain name, without '/', control characters and '.' in front",
      place, name));
}

// Splits at commas outside of brackets, braces and quotes.
std::vector<std::string> split_values(const std::string& text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.emplace_back();
      continue;
    }
    parts.back() += c;
  }
  return parts;
}

// .844, as tables print it, is 0.844 in TOML.
std::string with_zeros(const std::string& text) {
  std::string written;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || std::string_view("[, +-=").find(text[i - 1]) != std::string_view::npos;
    if (text[i] == '.' && begins && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9')
      written += '0';
    written += text[i];
  }
  return written;
}

// One TOML value; a text where it is none.
json parse_value(const std::string& text) {
  for (const std::string& written : {text, with_zeros(text)}) {
    toml::table parsed;
    try {
      parsed = parse_toml("value = " + written, kCommandLine);
    } catch (const ConfigError&) {
      continue;
    }
    return to_json(*parsed.get("value"), kCommandLine);
  }
  return text;
}

// "1..8", both ends included.
bool expand_range(const std::string& text, std::vector<json>& values) {
  const auto dots = text.find("..");
  if (dots == std::string::npos) return false;
  int from = 0, to = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto first = std::from_chars(begin, begin + dots, from);
  const auto last = std::from_chars(begin + dots + 2, end, to);
  if (first.ec != std::errc{} || first.ptr != begin + dots || last.ec != std::errc{} || last.ptr != end ||
      from > to) {
    return false;
  }
  if (std::int64_t{to} - from >= kMaxPoints)
    throw ConfigError(fmt::format("{}: at most {} values make an axis", text, kMaxPoints));
  for (int value = from; value <= to; ++value) values.emplace_back(value);
  return true;
}

}  // namespace

const std::vector<std::string>& section_names() { return kSections; }

Experiment read_experiment(const std::filesystem::path& given) {
  // Places that begin with "-" are options.
  const std::filesystem::path file = given.string().starts_with('-') ? "." / given : given;
  if (std::filesystem::is_directory(file))
    throw ConfigError(file.string() + " is a folder; name one config file, such as configs/smoke.toml");
  if (!std::filesystem::exists(file))
    throw ConfigError(fmt::format("{}: there is no such config file{}", file.string(), nearest_config(file)));
  const toml::table root = parse_toml(file);
  Experiment experiment{
      .name = file.stem().string(), .base = {}, .axes = {}, .overrides = {}, .skip_ifs = {}};
  experiment.base.directory = file.parent_path();
  for (const auto& [key, node] : root) {
    const std::string name(key.str());
    if (name == "experiment") {
      if (!node.is_string()) throw ConfigError(place(file.string(), node) + ": experiment is to be a name");
      experiment.name = *node.value<std::string>();
    } else if (name == "sweep") {
      if (!node.is_table())
        throw ConfigError(place(file.string(), node) + ": sweep is to be a table of axes");
      read_sweep(*node.as_table(), file.string(), experiment);
    } else if (name == "skip_if") {
      read_skip_ifs(node, file.string(), experiment);
    } else {
      check_section(name, place(file.string(), node));
      const auto* settings = node.as_table();
      if (settings == nullptr) {
        throw ConfigError(
            fmt::format("{}: {} is a section: write [{}]", place(file.string(), node), name, name));
      }
      experiment.base.sections[name] = to_json(node, file.string());
      for (const auto& [setting, value] : *settings) {
        experiment.base.places[name + "." + std::string(setting.str())] = place(file.string(), value);
      }
    }
  }
  check_name(experiment.name, file.string());
  return experiment;
}

namespace {

// "1,2,4" or "1..8" or one value.
std::vector<json> read_values(const std::string& text, const std::string& assignment,
                              const std::string& option) {
  std::vector<json> values;
  for (const std::string& part : split_values(text)) {
    if (part.find_first_not_of(" \t") == std::string::npos) {
      throw ConfigError(
          fmt::format("{} {}: a value is missing; a text that is empty is written \"\"", option, assignment));
    }
    if (!expand_range(part, values)) values.push_back(parse_value(part));
  }
  return values;
}

void refuse_twice(const Experiment& experiment, const std::string& key, const std::string& option) {
  const auto refuse = [&](const std::string& earlier) {
    throw ConfigError(fmt::format("{} {}: {} gives it already", option, key, earlier));
  };
  for (const Axis& axis : experiment.axes)
    if (axis.key == key && axis.place.starts_with("--")) refuse(axis.place);
  for (const Override& o : experiment.overrides)
    if (o.key == key) refuse(o.place);
}

}  // namespace

void apply_set(Experiment& experiment, const std::string& assignment, const std::string& option) {
  const auto equals = assignment.find('=');
  const std::string key = assignment.substr(0, equals);
  const auto dot = key.find('.');
  if (equals == std::string::npos || (dot == std::string::npos && key != "experiment") ||
      key.ends_with('.')) {
    throw ConfigError(
        fmt::format("{} {}: write section.key=value, such as topology.length=1,2,4", option, assignment));
  }
  if (key == "experiment") {
    experiment.name = assignment.substr(equals + 1);
    check_name(experiment.name, option);
    return;
  }
  check_section(key.substr(0, dot), option + " " + assignment);
  std::vector<json> values = read_values(assignment.substr(equals + 1), assignment, option);
  refuse_twice(experiment, key, option);
  std::erase_if(experiment.axes, [&](const Axis& axis) { return axis.key == key; });
  if (key.starts_with("figure.") && values.size() > 1) {  // a figure is no axis: a list
    experiment.overrides.push_back({key, values, option});
  } else if (values.size() == 1) {
    experiment.overrides.push_back({key, values.front(), option});
  } else {
    experiment.axes.push_back({key, std::move(values), option});
  }
}

}  // namespace speclab
