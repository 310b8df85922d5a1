#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/params.h"
#include "experiments/config_file.h"

namespace speclab {

// Where --set or an axis gives a section another kind, what the config says for its former kind has no
// meaning: it is left out of the point, and a remark says so. Only what is a setting of another kind that the
// experiment names goes; what the command line sets goes only where an axis has several kinds. All else
// stays, for its reader to refuse.
class KindChange {
 public:
  explicit KindChange(const Experiment& experiment);

  // Of one of the experiment's points; adds to its remarks.
  void apply(Config& point);
  // Whether a point gives a setting this value, under whichever of its names. What is left out is not given.
  bool gives(const Config& point, const std::string& setting, const nlohmann::json& value);

 private:
  // The kinds that the experiment names for a section: in its file, and in axes that are in effect.
  struct Named {
    std::set<std::string> by_file, by_axis;
  };
  Named named(const std::string& section) const;
  struct Known {
    std::vector<SettingNote> settings;
    std::set<std::string> names;  // and aliases
  };
  // A section's settings under a kind of the section that governs it; empty where there is no such kind.
  const Known& known(const std::string& section, const std::string& kind);

  const Experiment& experiment_;
  std::map<std::string, Named> named_;                            // by section
  std::map<std::string, std::map<std::string, Known>> settings_;  // by section and kind
};

// ConfigError "place: ..." where no kind of the section has a setting of that name; `setting` is
// "section.name", or "section.name.inner" where the setting is a table.
void check_setting(const std::string& setting, const std::string& place);

// ConfigError "place: ..." where results have the setting under another name.
void check_own_name(const std::string& setting, const std::string& place);

// The same of all that a config and its options give, also in sections that none of its points reads.
void check_spelling(const Experiment& experiment);

}  // namespace speclab
