#include "core/models/tokenizer/component.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/settings/utf8.h"

namespace speclab {

namespace {
constexpr int kDeepest = 64;  // deeper nesting is not a tokenizer, and components are built by recursion
}

void Component::refuse(std::string_view reason) const {
  throw ConfigError(fmt::format("{}: {}{}{}", file_, path_, path_.empty() ? "" : ": ", reason));
}

void Component::refuse_type(std::string_view supported) const {
  refuse(fmt::format("type '{}' is not supported; supported are {}", type(), supported));
}

Component Component::child(const nlohmann::json& json, std::string_view step) const {
  if (depth_ == kDeepest) refuse("is nested too deeply");
  const bool dot = !path_.empty() && !step.starts_with('[');
  return {json, file_, fmt::format("{}{}{}", path_, dot ? "." : "", step), depth_ + 1};
}

const nlohmann::json& Component::field(std::string_view name, std::string_view kind) const {
  if (!json_.is_object()) refuse(fmt::format("is {}, not an object", json_.type_name()));
  const auto found = json_.find(name);
  if (found == json_.end()) refuse(fmt::format("'{}' ({}) is missing", name, kind));
  return *found;
}

bool Component::has(std::string_view name) const {
  if (!json_.is_object()) refuse(fmt::format("is {}, not an object", json_.type_name()));
  const auto found = json_.find(name);
  return found != json_.end() && !found->is_null();
}

void Component::know(std::initializer_list<std::string_view> fields) const {
  if (!json_.is_object()) return;
  for (const auto& [key, value] : json_.items()) {
    if (std::ranges::find(fields, key) != fields.end()) continue;
    if (key == "type") continue;
    refuse(fmt::format("has the field '{}', which is not known, nor what it changes; known are {}", key,
                       fmt::join(fields, ", ")));
  }
}

bool Component::is(std::string_view type, std::initializer_list<std::string_view> fields) const {
  if (this->type() != type) return false;
  know(fields);
  return true;
}

std::string Component::text(std::string_view name) const {
  const nlohmann::json& value = field(name, "a string");
  if (!value.is_string()) refuse(fmt::format("'{}' is {}, not a string", name, value.type_name()));
  return value.get<std::string>();
}

std::string Component::character(std::string_view name) const {
  std::string value = text(name);
  if (value.empty() || character_size(value[0]) != value.size()) {
    refuse(fmt::format("'{}' is '{}', not one character", name, value));
  }
  return value;
}

bool Component::flag(std::string_view name) const {
  const nlohmann::json& value = field(name, "true or false");
  if (!value.is_boolean()) refuse(fmt::format("'{}' is {}, not true or false", name, value.type_name()));
  return value.get<bool>();
}

int Component::count(std::string_view name) const {
  const nlohmann::json& value = field(name, "a count");
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > 1'000'000'000) {
    refuse(fmt::format("'{}' is {}, not a count", name, value.dump()));
  }
  return value.get<int>();
}

Regex Component::pattern(std::string_view name) const {
  const Component value = part(name);
  const bool regex = value.has("Regex");
  if (!regex && !value.has("String")) value.refuse("is neither {\"Regex\": ...} nor {\"String\": ...}");
  const std::string source = value.text(regex ? "Regex" : "String");
  try {
    return regex ? Regex::compile(source) : Regex::literal(source);
  } catch (const ConfigError& error) {
    value.refuse(error.what());
  }
}

Component Component::part(std::string_view name) const { return child(field(name, "an object"), name); }

std::optional<Component> Component::optional_part(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  return part(name);
}

std::vector<Component> Component::parts(std::string_view name) const {
  const Component array = part(name);
  if (!array.json_.is_array()) refuse(fmt::format("'{}' is {}, not an array", name, array.json_.type_name()));
  std::vector<Component> elements;
  for (std::size_t i = 0; i < array.json_.size(); ++i) {
    elements.push_back(array.child(array.json_[i], fmt::format("[{}]", i)));
  }
  return elements;
}

}  // namespace speclab
