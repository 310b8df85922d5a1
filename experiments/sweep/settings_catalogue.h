#pragma once

#include <string>
#include <vector>

#include "core/settings/params.h"

namespace speclab {

// The settings of a section, or of one of its kinds, as those who read them say.
struct SectionSettings {
  std::string kind;                // "" where the section has none
  std::string summary, citation;   // of the kind; may be ""
  std::vector<SettingNote> notes;  // without those of every kind
};

// A section of a config and everything that can be set in it.
struct SectionPage {
  std::string name;
  std::string meaning;
  std::vector<SettingNote> every_kind;  // such as `kind` itself
  std::vector<SectionSettings> kinds;   // at least one
};

// The kinds of [workload]: prompts of a target with a tokenizer, or made ones.
inline constexpr const char* kOfText = "text";
inline constexpr const char* kSynthetic = "synthetic";

// Every section that a config may have, in the order in which one is usually written.
std::vector<std::string> settings_pages();

// One of them. ConfigError naming what there is. A page is made by reading: strategies are made of stand-ins.
SectionPage settings_page(const std::string& section);

}  // namespace speclab
