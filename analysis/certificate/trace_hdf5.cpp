#include "analysis/certificate/trace_hdf5.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <optional>

#include "analysis/certificate/trace_column.h"
#include "core/errors.h"
#include "core/results/hdf5_apart.h"
#include "core/settings/nearest_names.h"

namespace speclab {
namespace {

using Integers = TraceColumn<std::int64_t>;
using Reals = TraceColumn<double>;

const std::vector<std::string> kDatasets = {"sequence",      "draw",       "drafted_count", "accepted_count",
                                            "emitted_count", "step",       "prompt",        "index",
                                            "drafted",       "parents",    "emitted",       "target",
                                            "target_tokens", "target_top", "target_rest",   "draft",
                                            "draft_tokens",  "draft_top",  "draft_rest"};

// The datasets of a file, by the names of analysis/TRACE.md.
class Layout {
 public:
  explicit Layout(const Hdf5Reader& file) : file_(file) {
    for (const std::string& name : file.children("/")) {
      if (std::ranges::find(kDatasets, name) != kDatasets.end()) continue;
      fail(fmt::format("there is no dataset '{}' in a trace{} (they are: {})", name,
                       did_you_mean(name, kDatasets), fmt::join(kDatasets, ", ")));
    }
  }

  bool has(const std::string& name) const { return file_.has("/" + name); }
  template <class Column>
  Column required(const std::string& name, int dimensions) const {
    if (!has(name)) fail(fmt::format("the dataset '{}' is missing", name));
    if (static_cast<int>(file_.shape("/" + name).size()) != dimensions) {
      fail(fmt::format("the dataset '{}' is to have {} dimension{}", name, dimensions,
                       dimensions == 1 ? "" : "s"));
    }
    return Column(file_, "/" + name);
  }
  std::optional<Integers> optional(const std::string& name) const {
    if (!has(name)) return std::nullopt;
    return required<Integers>(name, 1);
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw ConfigError(fmt::format("{}: {}", file_.path().string(), what));
  }

 private:
  const Hdf5Reader& file_;
};

// Rows of the target or of the draft, complete ones or lists of the likeliest tokens.
class RowColumns {
 public:
  RowColumns(const Layout& layout, const std::string& name) : name_(name) {
    if (layout.has(name)) {
      full_ = layout.required<Reals>(name, 2);
      return;
    }
    tokens_ = layout.required<Integers>(name + "_tokens", 2);
    top_ = layout.required<Reals>(name + "_top", 2);
    rest_ = layout.required<Reals>(name + "_rest", 1);
    if (tokens_->rows() != top_->rows() || tokens_->width() != top_->width() ||
        tokens_->rows() != rest_->rows()) {
      layout.fail(
          fmt::format("'{0}_tokens', '{0}_top' and '{0}_rest' are to have equally many rows, the first "
                      "two of one width",
                      name));
    }
  }
  static bool in(const Layout& layout, const std::string& name) {
    return layout.has(name) || layout.has(name + "_tokens") || layout.has(name + "_top") ||
           layout.has(name + "_rest");
  }

  const std::string& name() const { return name_; }
  std::size_t left() const { return full_ ? full_->left() : rest_->left(); }

  // Of the draft, a row of NaN alone is one that is not known.
  TraceRow next(bool may_be_unknown, const std::string& where) {
    TraceRow row;
    if (full_) {
      const std::span<const double> p = full_->next();
      row.probabilities.assign(p.begin(), p.end());
    } else {
      row.listed = true;
      const std::span<const std::int64_t> tokens = tokens_->next();
      const std::span<const double> p = top_->next();
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i] == kNoToken) continue;
        if (tokens[i] < 0 || tokens[i] > INT32_MAX) {
          throw ConfigError(fmt::format("{}: lists token {}; tokens count from 0, and {} fills a row up",
                                        where, tokens[i], kNoToken));
        }
        row.tokens.push_back(static_cast<Token>(tokens[i]));
        row.probabilities.push_back(p[i]);
      }
      row.probabilities.push_back(rest_->next().front());
    }
    row.known =
        !may_be_unknown || !std::ranges::all_of(row.probabilities, [](double p) { return std::isnan(p); });
    return row;
  }

 private:
  static constexpr std::int64_t kNoToken = -1;

  std::string name_;
  std::optional<Reals> full_, top_, rest_;
  std::optional<Integers> tokens_;
};

class Reader {
 public:
  explicit Reader(const Hdf5Reader& file)
      : path_(file.path().string()),
        layout_(file),
        sequence_(layout_.required<Integers>("sequence", 1)),
        draw_(layout_.required<Integers>("draw", 1)),
        drafted_count_(layout_.required<Integers>("drafted_count", 1)),
        accepted_count_(layout_.required<Integers>("accepted_count", 1)),
        emitted_count_(layout_.required<Integers>("emitted_count", 1)),
        drafted_(layout_.required<Integers>("drafted", 1)),
        emitted_(layout_.required<Integers>("emitted", 1)),
        step_(layout_.optional("step")),
        prompt_(layout_.optional("prompt")),
        index_(layout_.optional("index")),
        parents_(layout_.optional("parents")),
        target_(layout_, "target") {
    if (RowColumns::in(layout_, "draft")) draft_.emplace(layout_, "draft");
    for (const Integers* column : {&draw_, &drafted_count_, &accepted_count_, &emitted_count_}) {
      check_length(*column);
    }
    for (const auto* column : {&step_, &prompt_, &index_}) {
      if (*column) check_length(**column);
    }
  }

  void read(const TraceSink& sink) {
    for (std::size_t number = 1; sequence_.left() > 0; ++number) {
      TraceRecord record = next(fmt::format("{}: record {}", path_, number));
      sink(record);
    }
    nothing_left(drafted_.left(), "drafted", "drafted_count");
    if (parents_) nothing_left(parents_->left(), "parents", "drafted_count");
    nothing_left(emitted_.left(), "emitted", "emitted_count");
    nothing_left(target_.left(), "target", "emitted_count");
    if (draft_) nothing_left(draft_->left(), "draft", "emitted_count");
  }

 private:
  TraceRecord next(std::string where) {
    TraceRecord record;
    record.where = std::move(where);
    record.sequence = std::to_string(value(sequence_));
    const std::int64_t draw = value(draw_);
    if (draw != 0 && draw != 1) {
      fail(record, fmt::format("'draw' is {}; it is to be 1 (drafts drawn at random) or 0 (chosen without "
                               "chance)",
                               draw));
    }
    record.fixed = draw == 0;
    if (prompt_) record.prompt = std::to_string(value(*prompt_));
    if (step_) record.step = value(*step_);
    if (index_) record.index = value(*index_);
    const std::int64_t drafted = value(drafted_count_);
    record.drafted = take(drafted_, drafted, record);
    if (parents_) {
      record.parents = take(*parents_, drafted, record);
    } else {
      for (std::int64_t i = 0; i < drafted; ++i) record.parents.push_back(i - 1);
    }
    const std::int64_t accepted = value(accepted_count_);
    const std::int64_t emitted = value(emitted_count_);
    record.emitted = take(emitted_, emitted, record);
    if (accepted < 0 || accepted > emitted) {
      fail(record, fmt::format("'accepted_count' is {}, but {} tokens are emitted; the accepted ones are the "
                               "first of them",
                               accepted, emitted));
    }
    record.accepted.assign(record.emitted.begin(), record.emitted.begin() + accepted);
    record.target = take(target_, emitted, false, record);
    if (draft_) record.draft = take(*draft_, emitted, true, record);
    return record;
  }

  static std::int64_t value(Integers& column) { return column.next().front(); }
  static std::vector<std::int64_t> take(Integers& column, std::int64_t count, const TraceRecord& record) {
    check_left(count, column.left(), column.dataset().substr(1), record);
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(value(column));
    return values;
  }
  static std::vector<TraceRow> take(RowColumns& columns, std::int64_t count, bool may_be_unknown,
                                    const TraceRecord& record) {
    check_left(count, columns.left(), columns.name(), record);
    std::vector<TraceRow> rows;
    for (std::int64_t i = 0; i < count; ++i) {
      rows.push_back(
          columns.next(may_be_unknown, fmt::format("{}: {} row {}", record.where, columns.name(), i + 1)));
    }
    return rows;
  }
  static void check_left(std::int64_t count, std::size_t left, const std::string& name,
                         const TraceRecord& record) {
    if (count < 0) fail(record, fmt::format("a count is {}; counts are 0 or more", count));
    if (static_cast<std::size_t>(count) > left) {
      fail(record,
           fmt::format("{} of '{}' belong to it, but {} are left; the counts of all records add up to "
                       "what is there",
                       count, name, left));
    }
  }
  void nothing_left(std::size_t left, const char* name, const char* count) const {
    if (left == 0) return;
    layout_.fail(
        fmt::format("{} of '{}' are left after the last record; '{}' adds up to fewer", left, name, count));
  }
  void check_length(const Integers& column) const {
    if (column.rows() == sequence_.rows()) return;
    layout_.fail(fmt::format("'{}' has {} records, but 'sequence' has {}; each record has one of both",
                             column.dataset().substr(1), column.rows(), sequence_.rows()));
  }
  [[noreturn]] static void fail(const TraceRecord& record, const std::string& what) {
    throw ConfigError(fmt::format("{}: {}", record.where, what));
  }

  std::string path_;
  Layout layout_;
  Integers sequence_, draw_, drafted_count_, accepted_count_, emitted_count_, drafted_, emitted_;
  std::optional<Integers> step_, prompt_, index_, parents_;
  RowColumns target_;
  std::optional<RowColumns> draft_;
};

}  // namespace

void read_hdf5_trace(const std::filesystem::path& file, const TraceSink& sink) {
  try {
    read_hdf5_trace(Hdf5Apart(file), sink);
  } catch (const Hdf5Error& error) {
    throw ConfigError(
        fmt::format("{}: the file is cut, damaged or of another layout ({}: {}); write it again, "
                    "as analysis/TRACE.md describes",
                    file.string(), error.call(), error.reason()));
  }
}

void read_hdf5_trace(const Hdf5Reader& file, const TraceSink& sink) { Reader(file).read(sink); }

}  // namespace speclab
