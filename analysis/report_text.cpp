#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "analysis/report.h"

namespace speclab {
namespace {

constexpr std::size_t kLineWidth = 110;

// Code points of UTF-8; all that a report has are one column wide.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

// In text every cell of a column that can be marked keeps room for the mark.
std::string marked(const ReportCell& cell) { return cell.text + (cell.best ? "*" : " "); }

std::string padded(const std::string& text, std::size_t to, bool right) {
  const std::string space(to - std::min(to, width(text)), ' ');
  return right ? space + text : text + space;
}

// Breaks at spaces; what follows the first line is indented.
std::string wrapped(const std::string& line) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    const std::size_t next = std::min(line.find_first_not_of(' ', end), line.size());
    const std::string_view word(line.data() + at, end - at);
    if (column > 0 && column + width(word) > kLineWidth) {
      out.erase(out.find_last_not_of(' ') + 1);
      out += "\n          ";
      column = 10;
    }
    out += line.substr(at, next - at);
    column += width(word) + next - end;
    at = next;
  }
  return out + '\n';
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

}  // namespace

std::string to_text(const Report& report) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < report.columns.size(); ++i) {
    std::size_t widest = width(report.columns[i]) + 1;
    for (const ReportGroup& group : report.groups) {
      for (const auto& row : group.rows) widest = std::max(widest, width(row[i].text) + 1);
    }
    widths.push_back(widest);
  }
  std::string out;
  for (const std::string& line : report.header) out += wrapped(line);
  for (const ReportGroup& group : report.groups) {
    out += '\n' + group.title + '\n';
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      line += ' ' + padded(report.columns[i] + ' ', widths[i], report.numeric[i]);
    }
    out += trimmed(line);
    for (const auto& row : group.rows) {
      line.clear();
      for (std::size_t i = 0; i < widths.size(); ++i)
        line += ' ' + padded(marked(row[i]), widths[i], report.numeric[i]);
      out += trimmed(line);
    }
  }
  if (!report.groups.empty()) out += "\n* best of its group\n";
  if (!report.notes.empty()) out += '\n';
  for (const std::string& note : report.notes) out += wrapped(note);
  return out;
}

std::string to_markdown(const Report& report) {
  std::string out;
  for (const std::string& line : report.header) out += line + "  \n";
  for (const ReportGroup& group : report.groups) {
    out += fmt::format("\n**{}**\n\n| {} |\n|", group.title, fmt::join(report.columns, " | "));
    for (const bool numeric : report.numeric) out += numeric ? "---:|" : "---|";
    out += '\n';
    for (const auto& row : group.rows) {
      out += '|';
      for (const ReportCell& cell : row)
        out += cell.best ? fmt::format(" **{}** |", cell.text) : fmt::format(" {} |", cell.text);
      out += '\n';
    }
  }
  if (!report.notes.empty()) out += '\n';
  for (const std::string& note : report.notes) out += "- " + note + '\n';
  return out;
}

}  // namespace speclab
