#pragma once

#include <string>

#include "experiments/sweep/settings_catalogue.h"

namespace speclab {

// A section's kinds and settings for a terminal of 80 columns. `strategies`: as a list of what there is.
std::string to_text(const SectionPage& page);

// The same of all sections, and how a config is put together, as a page in Markdown.
std::string settings_markdown();

// How a config is put together, for a terminal.
std::string config_text();

}  // namespace speclab
