#pragma once

#include <map>
#include <set>
#include <string>

#include "experiments/config/config_file.h"
#include "experiments/sweep/settings_by_kind.h"

namespace speclab {

// Where --set or an axis gives a section another kind, what the config says for its former kind has no
// meaning: it is left out of the point, and a remark says so. Only what is a setting of another kind that the
// experiment names goes; what the command line sets goes only where an axis has several kinds. All else
// stays, for its reader to refuse.
class KindChange {
 public:
  KindChange(const Experiment& experiment, SettingsByKind& known);

  // Of one of the experiment's points; adds to its remarks.
  void apply(Config& point);

 private:
  // The kinds that the experiment names for a section: in its file, and in axes that are in effect.
  struct Named {
    std::set<std::string> by_file, by_axis;
  };
  Named named(const std::string& section) const;

  const Experiment& experiment_;
  SettingsByKind& known_;
  std::map<std::string, Named> named_;  // by section
};

}  // namespace speclab
