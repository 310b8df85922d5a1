#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "analysis/report.h"
#include "analysis/wrapped_text.h"

namespace speclab {
namespace {

constexpr std::size_t kMinName = 20;  // columns that a row's name is given, if it needs them

std::string padded(const std::string& text, std::size_t to, bool right) {
  const std::string space(to - std::min(to, text_width(text)), ' ');
  return right ? space + text : text + space;
}

std::string paragraph(const std::string& line, std::size_t max, std::size_t indent = 10) {
  return wrapped(line, indent, max, 0) + '\n';
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

// How the numbers are written and which of them stand beside one another.
class Layout {
 public:
  Layout(const Report& report, bool brief) : report_(report), brief_(brief) {
    for (const ReportGroup& group : report.groups) {
      for (const ReportRow& row : group.rows) name_ = std::max(name_, text_width(row.name));
    }
    name_ = std::max(name_, text_width(report.name_title));
    for (std::size_t i = report.keys; i < report.columns.size(); ++i) {
      std::size_t widest = text_width(report.columns[i].title) + 1;
      for (const ReportGroup& group : report.groups) {
        for (const ReportRow& row : group.rows) widest = std::max(widest, text_width(shown(row.cells[i])));
      }
      widths_.push_back(widest);
      if (i == report.keys || report.columns[i].block != report.columns[i - 1].block) blocks_.emplace_back();
      blocks_.back().push_back(i);
    }
    for (const auto& block : blocks_) {  // its title stands over it
      const std::size_t title = text_width(report.columns[block.front()].block) + 1;
      std::size_t whole = numbers(block);
      if (title > whole) widths_[block.front() - report.keys] += title - whole;
    }
    sheets_.emplace_back();
    for (const auto& block : blocks_) sheets_.back().insert(sheets_.back().end(), block.begin(), block.end());
  }

  bool brief() const { return brief_; }
  std::size_t needed() const { return 1 + name_ + numbers(sheets_.front()); }

  // Blocks below one another, as many beside one another as fit, and names broken where even one does not.
  void fold(std::size_t max) {
    std::size_t widest = 0;
    for (const auto& block : blocks_) widest = std::max(widest, numbers(block));
    name_ = std::min(name_, std::max(kMinName, max - std::min(max, widest + 1)));
    sheets_.clear();
    std::size_t used = max + 1;
    for (const auto& block : blocks_) {
      if (used + numbers(block) > max) {
        sheets_.emplace_back();
        used = 1 + name_;
      }
      used += numbers(block);
      sheets_.back().insert(sheets_.back().end(), block.begin(), block.end());
    }
  }

  std::string text(const ReportGroup& group) const {
    std::string out;
    for (const std::vector<std::size_t>& sheet : sheets_) {
      if (!out.empty()) out += '\n';
      out += titles(sheet);
      for (const ReportRow& row : group.rows) out += line(row, sheet);
    }
    return out;
  }

 private:
  // In text every cell of a column that can be marked keeps room for the mark.
  std::string shown(const ReportCell& cell) const {
    return (brief_ && !cell.brief.empty() ? cell.brief : cell.text) + (cell.best ? "*" : " ");
  }
  std::size_t width_of(std::size_t column) const { return widths_[column - report_.keys]; }
  std::size_t numbers(const std::vector<std::size_t>& columns) const {
    std::size_t sum = 0;
    for (const std::size_t column : columns) sum += 1 + width_of(column);
    return sum;
  }

  std::string titles(const std::vector<std::size_t>& sheet) const {
    std::string over(1 + name_, ' '), line = ' ' + padded(report_.name_title, name_, false);
    for (std::size_t i = 0; i < sheet.size(); ++i) {
      const ReportColumn& column = report_.columns[sheet[i]];
      if (!column.block.empty() && (i == 0 || report_.columns[sheet[i - 1]].block != column.block))
        over = padded(over, text_width(line) + 1, false) + column.block;
      line += ' ' + padded(column.title + ' ', width_of(sheet[i]), column.numeric);
    }
    return (over.find_first_not_of(' ') == std::string::npos ? "" : trimmed(over)) + trimmed(line);
  }

  std::string line(const ReportRow& row, const std::vector<std::size_t>& sheet) const {
    std::string name = wrapped(row.name, 2, name_, 0), out;
    for (std::size_t end = name.find('\n'); end != std::string::npos; end = name.find('\n')) {
      out += trimmed(' ' + name.substr(0, end));
      name.erase(0, end + 1);
    }
    std::string last = ' ' + padded(name, name_, false);
    for (const std::size_t column : sheet)
      last += ' ' + padded(shown(row.cells[column]), width_of(column), report_.columns[column].numeric);
    return out + trimmed(last);
  }

  const Report& report_;
  bool brief_;
  std::size_t name_ = 0;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::size_t>> blocks_, sheets_;  // columns
};

Layout fitting(const Report& report, std::size_t max) {
  Layout wide(report, false);
  if (wide.needed() <= max) return wide;
  Layout brief(report, true);
  if (brief.needed() > max) brief.fold(max);
  return brief;
}

}  // namespace

std::string to_text(const Report& report, int columns) {
  const auto max = static_cast<std::size_t>(std::max(columns, 40));
  const Layout layout = fitting(report, max);
  std::string out;
  for (const std::string& line : report.header) out += paragraph(line, max);
  out += paragraph(layout.brief() ? "95 % intervals over prompts and runs; ±12%: a factor of 1.12 either way"
                                  : "95 % intervals over prompts and runs",
                   max);
  for (const ReportGroup& group : report.groups)
    out += '\n' + paragraph(group.title, max, 1) + layout.text(group);
  if (!report.footnotes.empty()) out += '\n';
  for (const std::string& line : report.footnotes) out += paragraph(line, max, 2);
  if (!report.notes.empty()) out += '\n';
  for (const std::string& note : report.notes) out += paragraph(note, max);
  return out;
}

std::string to_markdown(const Report& report) {
  std::vector<std::string> titles;
  for (const ReportColumn& column : report.columns) titles.push_back(column.full_title());
  std::string out;
  for (const std::string& line : report.header) out += line + "  \n";
  out += "95 % intervals over prompts and runs  \n";
  for (const ReportGroup& group : report.groups) {
    out += fmt::format("\n**{}**\n\n| {} |\n|", group.title, fmt::join(titles, " | "));
    for (const ReportColumn& column : report.columns) out += column.numeric ? "---:|" : "---|";
    out += '\n';
    for (const ReportRow& row : group.rows) {
      out += '|';
      for (const ReportCell& cell : row.cells)
        out += cell.best ? fmt::format(" **{}** |", cell.text) : fmt::format(" {} |", cell.text);
      out += '\n';
    }
  }
  if (!report.footnotes.empty()) out += '\n';
  for (const std::string& line : report.footnotes) {
    out += line.starts_with('*') ? "**Bold**:" + line.substr(1) + "  \n" : line + "  \n";
  }
  if (!report.notes.empty()) out += '\n';
  for (const std::string& note : report.notes) out += "- " + note + '\n';
  return out;
}

}  // namespace speclab
