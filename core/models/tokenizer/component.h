#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/models/tokenizer/regex.h"

namespace speclab {

// One value of a tokenizer.json and where it stands, so that every complaint can say so.
// It refers to the parsed file, which must outlive it.
class Component {
 public:
  Component(const nlohmann::json& json, std::string file, std::string path, int depth = 0)
      : json_(json), file_(std::move(file)), path_(std::move(path)), depth_(depth) {}

  const nlohmann::json& json() const { return json_; }
  bool has(std::string_view name) const;  // present and not null

  // Each throws ConfigError if the field is missing or of another type.
  std::string type() const { return text("type"); }
  bool is(std::string_view type,
          std::initializer_list<std::string_view> fields) const;  // then knows its fields
  std::string text(std::string_view name) const;
  std::string character(std::string_view name) const;  // a text of exactly one
  bool flag(std::string_view name) const;
  bool flag(std::string_view name, bool fallback) const { return has(name) ? flag(name) : fallback; }
  int count(std::string_view name) const;
  Regex pattern(std::string_view name) const;  // {"String": ...} or {"Regex": ...}
  Component part(std::string_view name) const;
  std::optional<Component> optional_part(std::string_view name) const;
  std::vector<Component> parts(std::string_view name) const;  // the elements of an array

  // ConfigError naming a field that is none of these: nobody knows what it changes.
  void know(std::initializer_list<std::string_view> fields) const;

  [[noreturn]] void refuse(std::string_view reason) const;  // ConfigError with file and place
  [[noreturn]] void refuse_type(std::string_view supported) const;

 private:
  const nlohmann::json& field(std::string_view name, std::string_view kind) const;
  Component child(const nlohmann::json& json, std::string_view step) const;

  const nlohmann::json& json_;
  std::string file_;
  std::string path_;  // like pre_tokenizer.pretokenizers[1]
  int depth_;
};

}  // namespace speclab
