#pragma once

#include <string>

#include "experiments/config/config_file.h"
#include "experiments/sweep/settings_by_kind.h"

namespace speclab {

// ConfigError "place: ..." where no kind of the section has a setting of that name; `setting` is
// "section.name", or "section.name.inner" where the setting is a table.
void check_setting(const std::string& setting, const std::string& place);

// ConfigError "place: ..." where results have the setting under another name.
void check_own_name(const std::string& setting, const std::string& place);

// As check_setting, of all that a config and its options give, also in sections that none of its points
// reads.
void check_spelling(const Experiment& experiment);

// Whether a point gives a setting this value, under whichever of its names.
bool gives(SettingsByKind& known, const Config& point, const std::string& setting,
           const nlohmann::json& value);

}  // namespace speclab
