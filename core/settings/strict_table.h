#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "core/errors.h"
#include "core/settings/nearest_names.h"

namespace speclab {

// A TOML table that remembers what was read. Everything wrong with it is a ConfigError that names
// the file and the key.
class StrictTable {
 public:
  StrictTable(std::string file, std::string path, const toml::table& table)
      : file_(std::move(file)), path_(std::move(path)), table_(table) {}

  bool has(const std::string& key) { return find(key) != nullptr; }

  // An integer or a float, finite and not negative.
  double number(const std::string& key) {
    const toml::node& node = required(key, "a number");
    const auto value = node.value<double>();
    if (!node.is_number() || !value) fail(key, "should be a number");
    if (!std::isfinite(*value) || *value < 0)
      fail(key, fmt::format("is {}; it should be at least 0", *value));
    return *value;
  }
  double number(const std::string& key, double fallback) { return has(key) ? number(key) : fallback; }

  double positive(const std::string& key) {
    const double value = number(key);
    if (value <= 0) fail(key, "should be more than 0");
    return value;
  }

  int count(const std::string& key) {
    const toml::node& node = required(key, "an integer");
    if (!node.is_integer()) fail(key, "should be an integer");
    const auto value = node.value<int>();
    if (!value || *value < 0) fail(key, "should be at least 0 and fit 32 bits");
    return *value;
  }
  int count(const std::string& key, int fallback) { return has(key) ? count(key) : fallback; }

  bool truth(const std::string& key, bool fallback) {
    if (!has(key)) return fallback;
    const toml::node& node = *find(key);
    if (!node.is_boolean()) fail(key, "should be true or false");
    return *node.value<bool>();
  }

  std::string text(const std::string& key) {
    const toml::node& node = required(key, "a string");
    if (!node.is_string()) fail(key, "should be a string");
    std::string value = *node.value<std::string>();
    if (value.empty()) fail(key, "is empty");
    return value;
  }

  std::vector<std::string> texts(const std::string& key) {
    std::vector<std::string> list;
    if (!has(key)) return list;
    const toml::array* array = find(key)->as_array();
    if (array == nullptr) fail(key, "should be an array of strings");
    for (const toml::node& node : *array) {
      if (!node.is_string()) fail(key, "should be an array of strings");
      list.push_back(*node.value<std::string>());
    }
    return list;
  }

  StrictTable table(const std::string& key) {
    const toml::table* inner = required(key, "a table").as_table();
    if (inner == nullptr) fail(key, "should be a table");
    return {file_, full(key), *inner};
  }

  std::vector<std::string> keys() const {
    std::vector<std::string> names;
    for (const auto& [key, node] : table_) names.emplace_back(key.str());
    return names;
  }

  // Throws when a key was never asked for.
  void finish() const {
    for (const auto& [key, node] : table_) {
      if (asked_.contains(std::string(key.str()))) continue;
      const std::vector<std::string> known(asked_.begin(), asked_.end());
      fail(std::string(key.str()), fmt::format("(line {}) is not a setting here; nearest: {}",
                                               node.source().begin.line, nearest_names(key.str(), known)));
    }
  }

  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    throw ConfigError(fmt::format("{}: {} {}", file_, full(key), what));
  }

 private:
  const toml::node* find(const std::string& key) {
    asked_.insert(key);
    return table_.get(key);
  }
  const toml::node& required(const std::string& key, const char* kind) {
    const toml::node* node = find(key);
    if (node == nullptr) {
      const std::vector<std::string> present = keys();
      fail(key, fmt::format("is missing; it should be {}; there are: {}", kind,
                            nearest_names(key, present, present.size())));
    }
    return *node;
  }
  std::string full(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

  std::string file_, path_;
  const toml::table& table_;
  std::set<std::string> asked_;
};

}  // namespace speclab
