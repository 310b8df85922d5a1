#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/settings/params.h"
#include "experiments/config/config_file.h"

namespace speclab {

// "section.name.inner" in its parts.
struct SettingParts {
  std::string section, name;
  std::vector<std::string> inner;
};
SettingParts parts_of(const std::string& setting);

// The section whose kind decides which settings a section has; "" where none does.
std::string governor(const std::string& section);
// The kind that a section's settings name, or its default; "" where it is no name, which the reader of the
// section says.
std::string kind_of(const std::string& section, const nlohmann::json& settings,
                    const std::map<std::string, std::string>& places);
std::string kind_of(const std::string& section, const Config& config);
// The section that has the settings of this one: draft2 those of draft.
std::string page_of(const std::string& section);

// What sections know under each of their kinds, gathered once.
class SettingsByKind {
 public:
  struct Known {
    std::vector<SettingNote> settings;
    std::set<std::string> names;  // and aliases
  };
  // Of a section under a kind of the section that governs it; empty where there is no such kind.
  const Known& known(const std::string& section, const std::string& kind);
  // The names of all kinds together.
  const std::set<std::string>& names(const std::string& section);

 private:
  struct Page {
    std::map<std::string, Known> kinds;
    std::set<std::string> names;
  };
  Page& page(const std::string& section);

  std::map<std::string, Page> pages_;  // by section
};

}  // namespace speclab
