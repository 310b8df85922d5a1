#pragma once

#include <initializer_list>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/settings/nearest_names.h"

namespace speclab {

// What `speclab list` says of one setting.
struct SettingNote {
  std::string name;
  std::vector<std::string> aliases;
  std::vector<std::string> with_root;  // further aliases, of one more than is meant
  std::string fallback;                // JSON, or "required", or the setting whose value it then is
  std::string values;                  // what it may be: "whole number, at least 1"
  std::vector<std::string> choices;    // where it is one of a few names
  std::string help;
  bool elsewhere = false;  // of other tools: it has no part here, and none but these values is taken
};

// The settings of one component. Every key is read exactly where it is used; a key that nobody read
// is a mistake in the config, and finish() says so. A setting has a name and perhaps aliases that
// the field uses for it; results are stored under the name. Of two names that are both given, one that an
// option of the command line gave goes before one that a file did; two of one kind are a mistake.
class Params {
 public:
  using Names = std::initializer_list<std::string_view>;
  struct Range {
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    bool open_min = false;  // `min` itself is out
  };

  // `given` is a JSON object; `places` says where a key was written: "file:line", or the option of the
  // command line
  // ("--set").
  explicit Params(std::string section, nlohmann::json given = nlohmann::json::object(),
                  std::map<std::string, std::string> places = {});

  bool flag(Names names, bool fallback, std::string_view help);
  int integer(Names names, int fallback, Range range, std::string_view help);
  // A number of guesses. Under the names of `with_root`, which count the root of their tree too, one more is
  // written than is meant.
  int guesses(Names names, Names with_root, int fallback, Range range, std::string_view help);
  double number(Names names, double fallback, Range range, std::string_view help);
  std::string text(Names names, std::string_view fallback, std::string_view help);
  std::string required_text(Names names, std::string_view help);
  // Another tool's setting that has no part here but at these values; `why` says what it is about. It is
  // among the notes, and not among what was resolved.
  void only(Names names, std::initializer_list<nlohmann::json> values, std::string_view why);
  // Of the setting that was read last: `other` says what it is where it is left out, the fallback being that
  // setting's value.
  void left_out_is(std::string_view other) { notes_.back().fallback = other; }
  // Fails where a setting has this value, which means something in another tool and nothing here.
  void never(Names names, const nlohmann::json& value, std::string_view why) const;
  std::vector<int> integers(Names names, std::vector<int> fallback, Range range, std::string_view help);
  std::vector<double> numbers(Names names, const std::vector<double>& fallback, Range range,
                              std::string_view help);
  // A list of paths, or the name of one.
  using Paths = std::vector<std::vector<int>>;
  Paths paths(Names names, Paths fallback, std::string_view help,
              const std::map<std::string, Paths>& named = {});

  std::vector<std::string> texts(Names names, const std::vector<std::string>& fallback,
                                 std::string_view help);

  // A setting that is a table, or a list of tables, of settings of its own: [{}] or {} where it is left out.
  // `settle` takes them back from the code that made what they describe, finishes them and resolves the
  // setting.
  Params table(Names names, std::string_view help);
  std::vector<Params> tables(Names names, std::string_view help);
  void settle(const std::string& name, const Params& table);
  void settle(const std::string& name, const std::vector<Params>& tables);

  // One of a few names; the first is the default.
  template <class T>
  T choose(Names names, std::initializer_list<std::pair<std::string_view, T>> choices,
           std::string_view help) {
    std::vector<std::string> known;
    for (const auto& [choice, value] : choices) known.emplace_back(choice);
    const std::string chosen = one_of(names, known, help);
    for (const auto& [choice, value] : choices)
      if (choice == chosen) return value;
    return choices.begin()->second;
  }

  // For those who only want to know which settings are read: one that is required and left out is "", and a
  // key that nobody reads is none.
  static Params listing(std::string section, nlohmann::json given = nlohmann::json::object());

  // Whether it is such a one: settings that are read in place of each other are then all read.
  bool lists() const { return listing_; }

  // Throws ConfigError naming the first key that nobody read, and those that were.
  void finish() const;

  // Everything that was read, defaults included, without the section's name.
  const std::map<std::string, nlohmann::json>& resolved() const { return resolved_; }
  const std::vector<SettingNote>& notes() const { return notes_; }
  const std::string& section() const { return section_; }
  bool empty() const { return given_.empty(); }
  bool lacks(const std::string& key) const { return !given_.contains(key); }
  bool by_option(const std::string& key) const;
  // As if it were not given, because an option of the command line says the same in another way.
  void overrule(const std::string& key) { given_.erase(key); }

  // Throws ConfigError "section.key <what> (file:line)".
  [[noreturn]] void fail(const std::string& key, const std::string& what) const;

 private:
  // The given value, or null; notes the setting.
  const nlohmann::json* find(Names names, const nlohmann::json& fallback, std::string values,
                             std::string_view help);
  // The one of these names of a setting that is given, the command line's before a file's; or "".
  std::string given_as(const std::vector<std::string>& names);
  std::string one_of(Names names, const std::vector<std::string>& known, std::string_view help);
  nlohmann::json resolved_table() const;
  // A number is taken as the name that it is written like.
  std::string checked_text(const std::string& name, const nlohmann::json& value);
  int checked_integer(const std::string& key, const nlohmann::json& value, const Range& range) const;
  double checked_number(const std::string& key, const nlohmann::json& value, const Range& range) const;
  void check_range(const std::string& key, double value, const Range& range) const;

  std::string section_;
  nlohmann::json given_;
  std::map<std::string, std::string> places_;
  bool listing_ = false;
  std::map<std::string, std::string> read_as_;  // given key -> name
  std::map<std::string, std::string> taken_;    // name -> the given key that goes before others
  std::map<std::string, nlohmann::json> resolved_;
  std::vector<SettingNote> notes_;
};

}  // namespace speclab
