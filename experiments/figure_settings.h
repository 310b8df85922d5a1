#pragma once

#include <string>

#include "core/params.h"
#include "experiments/config_file.h"

namespace speclab {

// What a config's figure shows: [figure]. The programs of analysis/figures read the table themselves; this
// checks it.
struct FigureSettings {
  std::string program;        // of analysis/figures
  bool takes_config = true;   // and is told of its [figure]
  bool certificates = false;  // it shows what `speclab certify` finds about the same points
};

FigureSettings read_figure(Params& figure);
// Of a config; throws ConfigError where it sets what is no setting.
FigureSettings read_figure(const Config& config);

}  // namespace speclab
