#pragma once

#include <span>
#include <string>
#include <vector>

#include "analysis/point_file.h"

namespace speclab {

struct ReportCell {
  std::string text;
  bool best = false;  // of its column in its group
};

struct ReportGroup {
  std::string title;  // text kind and temperature
  std::vector<std::vector<ReportCell>> rows;
};

// What a researcher reads: a table per text kind and temperature, a line per point.
struct Report {
  std::vector<std::string> header;   // what all rows have in common, and what the numbers are of
  std::vector<std::string> columns;  // only those in which some row has something
  std::vector<bool> numeric;         // column -> aligned to the right
  std::vector<ReportGroup> groups;
  std::vector<std::string> notes;  // points without numbers, and contradictions, each with the reason
};

Report build_report(std::span<const LoadedPoint> points);

std::string to_text(const Report& report);
std::string to_markdown(const Report& report);

}  // namespace speclab
