#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "core/errors.h"
#include "core/settings/json_text.h"
#include "core/settings/text_file.h"

namespace speclab {

// ConfigError where the file is no JSON object.
inline nlohmann::json read_json_object(const std::filesystem::path& path) {
  nlohmann::json json = parse_json(read_text_file(path), path.string());
  if (!json.is_object()) throw ConfigError(fmt::format("{}: is not a JSON object", path.string()));
  return json;
}

// One JSON object with the place that its errors name.
class JsonSettings {
 public:
  JsonSettings(const nlohmann::json& json, std::string place) : json_(json), place_(std::move(place)) {}

  [[noreturn]] void refuse(const std::string& what) const { throw ConfigError(place_ + ": " + what); }

  // Present, if only as null.
  bool mentions(const char* key) const { return json_.contains(key); }
  // Present and not null.
  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  // ConfigError where it is not there.
  const nlohmann::json& at(const char* key) const {
    if (!mentions(key)) refuse(fmt::format("has no '{}'", key));
    return json_[key];
  }

  int whole(const char* key, int min) const {
    if (!has(key)) refuse(fmt::format("has no '{}'", key));
    const nlohmann::json& value = json_[key];
    if (!value.is_number_integer() || value.get<std::int64_t>() < min ||
        value.get<std::int64_t>() > INT32_MAX) {
      refuse(fmt::format("'{}' is {}; it must be a whole number, {} or more", key, value.dump(), min));
    }
    return value.get<int>();
  }
  int count(const char* key) const { return whole(key, 1); }
  int count(const char* key, int otherwise) const { return has(key) ? count(key) : otherwise; }

  double positive(const char* key) const {
    if (!has(key)) refuse(fmt::format("has no '{}'", key));
    const nlohmann::json& value = json_[key];
    if (!value.is_number() || !(value.get<double>() > 0) || !std::isfinite(value.get<double>())) {
      refuse(fmt::format("'{}' is {}; it must be a number above 0", key, value.dump()));
    }
    return value.get<double>();
  }
  double positive(const char* key, double otherwise) const { return has(key) ? positive(key) : otherwise; }

  bool flag(const char* key) const {
    if (!has(key)) return false;
    if (!json_[key].is_boolean())
      refuse(fmt::format("'{}' is {}; it must be true or false", key, json_[key].dump()));
    return json_[key].get<bool>();
  }
  std::string text(const char* key, const std::string& otherwise) const {
    if (!has(key)) return otherwise;
    if (!json_[key].is_string())
      refuse(fmt::format("'{}' is {}; it must be a string", key, json_[key].dump()));
    return json_[key].get<std::string>();
  }

 private:
  const nlohmann::json& json_;
  std::string place_;
};

}  // namespace speclab
