#include "analysis/certificate/trace_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/settings/json_text.h"
#include "core/settings/nearest_names.h"

namespace speclab {
namespace {

using nlohmann::json;

const std::vector<std::string> kFields = {"sequence", "prompt",   "step",    "index",  "drafted", "parents",
                                          "draw",     "accepted", "emitted", "target", "draft"};
const std::vector<std::string> kRowFields = {"top", "rest"};

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw ConfigError(fmt::format("{}: {}", where, what));
}

void refuse_unknown(const json& object, const std::vector<std::string>& known, const std::string& where) {
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    fail(where, fmt::format("there is no field '{}'{} (the fields are: {})", name, did_you_mean(name, known),
                            fmt::join(known, ", ")));
  }
}

const json& required(const json& line, const std::string& name, const std::string& where) {
  const auto found = line.find(name);
  if (found == line.end()) fail(where, fmt::format("the field '{}' is missing", name));
  return *found;
}

std::int64_t integer(const json& value, const std::string& name, const std::string& where) {
  const bool fits =
      value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
  if (!fits) fail(where, fmt::format("'{}' has {}, which is no integer", name, value.dump()));
  return value.get<std::int64_t>();
}

std::vector<std::int64_t> integers(const json& value, const std::string& name, const std::string& where) {
  if (!value.is_array()) fail(where, fmt::format("'{}' is to be a list of integers", name));
  std::vector<std::int64_t> list;
  for (const json& item : value) list.push_back(integer(item, name, where));
  return list;
}

std::string identity(const json& value, const std::string& name, const std::string& where) {
  if (!value.is_string() && !value.is_number_integer()) {
    fail(where, fmt::format("'{}' is to be a string or an integer", name));
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

double probability(const json& value, const std::string& where) {
  if (!value.is_number()) fail(where, fmt::format("{} stands where a probability is to be", value.dump()));
  return value.get<double>();
}

TraceRow read_row(const json& value, bool may_be_null, const std::string& where) {
  TraceRow row;
  row.known = !value.is_null();
  if (!row.known && may_be_null) return row;
  if (value.is_array()) {
    row.probabilities.reserve(value.size());
    for (const json& p : value) row.probabilities.push_back(probability(p, where));
    return row;
  }
  if (!value.is_object()) {
    fail(where, R"(is to be a list of probabilities or {"top": [[token, probability], ...], "rest": r})");
  }
  row.listed = true;
  refuse_unknown(value, kRowFields, where);
  const json& top = required(value, "top", where);
  if (!top.is_array()) fail(where, "'top' is to be a list of [token, probability]");
  for (const json& pair : top) {
    if (!pair.is_array() || pair.size() != 2) fail(where, "'top' is to be a list of [token, probability]");
    const std::int64_t token = integer(pair[0], "top", where);
    if (token < 0 || token > INT32_MAX)
      fail(where, fmt::format("lists token {}; tokens count from 0", token));
    row.tokens.push_back(static_cast<Token>(token));
    row.probabilities.push_back(probability(pair[1], where));
  }
  row.probabilities.push_back(probability(required(value, "rest", where), where));
  return row;
}

std::vector<TraceRow> read_rows(const json& value, const std::string& name, const std::string& where) {
  if (!value.is_array())
    fail(where, fmt::format("'{}' is to be a list of rows, one per emitted token", name));
  std::vector<TraceRow> rows;
  for (const json& row : value) {
    rows.push_back(
        read_row(row, name == "draft", fmt::format("{}: {} row {}", where, name, rows.size() + 1)));
  }
  return rows;
}

TraceRecord read_record(const json& line, std::string where) {
  TraceRecord record;
  record.where = std::move(where);
  const std::string& at = record.where;
  refuse_unknown(line, kFields, at);
  record.sequence = identity(required(line, "sequence", at), "sequence", at);
  if (line.contains("prompt")) record.prompt = identity(line["prompt"], "prompt", at);
  if (line.contains("step")) record.step = integer(line["step"], "step", at);
  if (line.contains("index")) record.index = integer(line["index"], "index", at);
  record.drafted = integers(required(line, "drafted", at), "drafted", at);
  if (line.contains("parents")) {
    record.parents = integers(line["parents"], "parents", at);
  } else {
    for (std::size_t i = 0; i < record.drafted.size(); ++i) {
      record.parents.push_back(static_cast<std::int64_t>(i) - 1);
    }
  }
  if (line.contains("draw") || !record.drafted.empty()) {
    const json& draw = required(line, "draw", at);
    if (draw != "sampled" && draw != "fixed") {
      fail(at, fmt::format("'draw' is {}; it is to be \"sampled\" (drafts drawn at random) or \"fixed\" "
                           "(chosen without chance)",
                           draw.dump()));
    }
    record.fixed = draw == "fixed";
  }
  record.accepted = integers(required(line, "accepted", at), "accepted", at);
  record.emitted = integers(required(line, "emitted", at), "emitted", at);
  record.target = read_rows(required(line, "target", at), "target", at);
  if (line.contains("draft") && !line["draft"].is_null()) {
    record.draft = read_rows(line["draft"], "draft", at);
    if (record.draft.size() != record.emitted.size()) {
      fail(at, fmt::format("there are {} draft rows for {} emitted tokens; each has one, or null where none "
                           "is known",
                           record.draft.size(), record.emitted.size()));
    }
  }
  return record;
}

constexpr std::size_t kMaxLine = std::size_t{1} << 30;  // bytes

// The line's bytes, without its end; false: there is none left.
bool next_line(std::istream& in, std::string& line, const std::string& where) {
  line.clear();
  std::streambuf& bytes = *in.rdbuf();
  for (int c = bytes.sbumpc(); c != std::char_traits<char>::eof(); c = bytes.sbumpc()) {
    if (c == '\n') return true;
    if (line.size() == kMaxLine)
      fail(where, fmt::format("the line has more than {} bytes; a trace has a line per step", kMaxLine));
    line += static_cast<char>(c);
  }
  return !line.empty();
}

// `last`: the file ends with the line.
json parse_line(const std::string& line, bool last, const std::string& where) {
  try {
    return parse_json(line, where);
  } catch (const ConfigError& error) {
    const std::string_view what = error.what();
    const auto says = [&](const char* text) { return what.find(text) != std::string_view::npos; };
    if (!says("is not JSON")) throw;
    if (line.find("NaN") != std::string::npos || line.find("Infinity") != std::string::npos)
      fail(where, "a number is NaN or infinite; probabilities are between 0 and 1");
    const bool cut = last && (says("unexpected end of input") || says("missing closing quote"));
    fail(where, cut ? "the file is cut: its last line is not complete JSON; write the trace again, or delete "
                      "the line"
                    : "this is not JSON; a trace has a JSON object per line");
  }
}

}  // namespace

void read_json_trace(const std::filesystem::path& file, const TraceSink& sink) try {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  for (std::int64_t number = 1;; ++number) {
    const std::string where = fmt::format("{}:{}", file.string(), number);
    if (!next_line(in, line, where)) break;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const json parsed = parse_line(line, in.peek() == std::ifstream::traits_type::eof(), where);
    if (!parsed.is_object()) fail(where, "this is no JSON object; a trace has one per line");
    TraceRecord record = read_record(parsed, where);
    sink(record);
  }
} catch (const std::ios_base::failure&) {
  throw ConfigError(file.string() + ": the file could not be read to its end");
}

}  // namespace speclab
