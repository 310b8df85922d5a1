#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/settings/params.h"
#include "experiments/config/config_file.h"

namespace speclab {

// What a config's figure shows: [figure]. analysis/figures/figure.py reads the table itself; this checks it.
struct FigureSettings {
  std::vector<std::string> y, series;
  std::map<std::string, std::vector<std::string>> others;  // columns that further settings name, by setting
  bool certificates = false;  // it shows what `speclab certify` finds about the same points
};

// Throws ConfigError where it sets what is no setting, or names a quantity that is no metric.
FigureSettings read_figure(Params& figure);
FigureSettings read_figure(const Config& config);

}  // namespace speclab
