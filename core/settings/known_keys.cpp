#include "core/settings/known_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/errors.h"

namespace speclab {
namespace {

using nlohmann::json;

// A value for a message: not longer than a line.
std::string shown(const json& value) {
  constexpr std::size_t kMax = 60;
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kMax) text = text.substr(0, kMax) + "...";
  return text;
}

bool as_if_absent(const KnownKey& key, const json& value) {
  const json values = json::parse(key.values);
  return std::ranges::find(values, value) != values.end();
}

}  // namespace

const KnownKey* find_key(std::span<const KeyTable> tables, const std::string& name) {
  for (const KeyTable table : tables) {
    for (const KnownKey& key : table) {
      if (name == key.name) return &key;
    }
  }
  return nullptr;
}

void check_keys(const json& object, const std::string& place, std::span<const KeyTable> tables,
                std::vector<std::string>& remarks) {
  std::vector<std::string> unknown;
  std::vector<std::pair<std::string, std::vector<std::string>>> said;  // by reason
  for (const auto& [name, value] : object.items()) {
    if (value.is_null()) continue;
    const KnownKey* key = find_key(tables, name);
    if (key == nullptr) {
      unknown.push_back("'" + name + "'");
    } else if (key->fate == KeyFate::only && !as_if_absent(*key, value)) {
      throw ConfigError(fmt::format("{}: '{}' is {}; {}", place, name, shown(value), key->why));
    } else if (key->fate == KeyFate::said && !as_if_absent(*key, value)) {
      auto reason = std::ranges::find(said, key->why, &decltype(said)::value_type::first);
      if (reason == said.end()) reason = said.insert(said.end(), {key->why, {}});
      reason->second.push_back(fmt::format("'{}' is {}", name, shown(value)));
    }
  }
  for (const auto& [why, keys] : said)
    remarks.push_back(fmt::format("{}: not followed: {} ({})", place, fmt::join(keys, ", "), why));
  if (!unknown.empty())
    remarks.push_back(fmt::format("{}: not known here, so not read: {}", place, fmt::join(unknown, ", ")));
}

}  // namespace speclab
