#pragma once

#include <span>
#include <string>
#include <vector>

#include "analysis/point_file.h"

namespace speclab {

struct ReportCell {
  std::string text{};
  std::string brief{};  // shorter, for narrow tables; empty: the same
  bool best = false;    // of its column in its group
};

struct ReportColumn {
  std::string block;  // what it is of, as "measured"; columns of a block stay together
  std::string title;  // within the block
  bool numeric = true;

  std::string full_title() const { return block + (block.empty() ? "" : " ") + title; }
};

struct ReportRow {
  std::string name;  // all keys in one
  std::vector<ReportCell> cells;
};

struct ReportGroup {
  std::string title;  // text kind, and the circumstances in which the rows are compared
  std::vector<ReportRow> rows;
};

// What a researcher reads: a table per text kind and circumstances, a line per point. Only columns in which
// some row has something.
struct Report {
  std::vector<std::string> header;  // what all rows have in common, and what the numbers are of
  std::string name_title;           // of ReportRow::name
  std::size_t keys = 0;             // the first columns say which point it is; the others are its numbers
  std::vector<ReportColumn> columns;
  std::vector<ReportGroup> groups;
  std::vector<std::string> footnotes;
  std::vector<std::string> notes;  // points without numbers, and contradictions, each with the reason
};

Report build_report(std::span<const LoadedPoint> points);

inline constexpr int kReportWidth = 80;

// At most `width` columns, where a name and one block of numbers fit: a row's keys are written as one name,
// intervals are shortened, and the columns of the blocks go below one another, as far as each is needed.
std::string to_text(const Report& report, int width = kReportWidth);
std::string to_markdown(const Report& report);

}  // namespace speclab
