#include "analysis/certificate/trace.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "analysis/certificate/certificate.h"
#include "analysis/certificate/trace_row.h"
#include "core/errors.h"
#include "core/hdf5.h"
#include "tests/support/foreign_hdf5.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

using nlohmann::json;

constexpr int kVocab = 6, kDrafts = 3, kListed = 3;
constexpr CertificateOptions kOptions{.level = 1e-6, .distance = 0.1, .power = 0.99};

using Row = std::vector<double>;

// An engine in a few lines: speculative decoding of Markov sources as Leviathan et al. describe it, or
// `gullible`: drafts are always accepted. `fixed` drafts are the draft's likeliest tokens.
struct ToyEngine {
  bool gullible = false, fixed = false;
  std::uint64_t seed = 1;

  std::mt19937_64 random{};
  std::vector<Row> p{}, q{};

  void start() {
    random.seed(seed);
    for (auto* rows : {&p, &q}) {
      for (int i = 0; i < kVocab; ++i) {
        Row& row = rows->emplace_back();
        for (int t = 0; t < kVocab; ++t) row.push_back(-std::log(1 - uniform()));
        const double sum = std::accumulate(row.begin(), row.end(), 0.0);
        for (double& x : row) x /= sum;
      }
    }
  }
  double uniform() { return static_cast<double>(random() >> 11) * 0x1p-53; }
  int draw(const Row& weights) {
    double left = uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
    int last = 0;
    for (int t = 0; t < kVocab; ++t) {
      const double weight = weights[static_cast<std::size_t>(t)];
      if (weight <= 0) continue;
      last = t;
      if ((left -= weight) < 0) break;
    }
    return last;
  }
  static const Row& at(const std::vector<Row>& rows, int token) {
    return rows[static_cast<std::size_t>(token)];
  }

  // One step after `last`, without names of sequence, step and so on.
  json step(int last) {
    json record = {{"draw", fixed ? "fixed" : "sampled"}, {"accepted", json::array()}};
    std::vector<int> drafted;
    for (int i = 0, before = last; i < kDrafts; ++i) {
      const Row& row = at(q, before);
      before = fixed ? static_cast<int>(std::ranges::max_element(row) - row.begin()) : draw(row);
      drafted.push_back(before);
    }
    record["drafted"] = drafted;
    int before = last;
    for (const int candidate : drafted) {
      Row here = at(q, before);
      if (fixed) {
        std::ranges::fill(here, 0.0);
        here[static_cast<std::size_t>(candidate)] = 1;
      }
      const Row& wanted = at(p, before);
      const auto c = static_cast<std::size_t>(candidate);
      record["target"].push_back(wanted);
      record["draft"].push_back(at(q, before));
      if (gullible || uniform() * here[c] < wanted[c]) {
        record["accepted"].push_back(candidate);
        record["emitted"].push_back(candidate);
        before = candidate;
        continue;
      }
      Row residual(kVocab);
      for (std::size_t t = 0; t < kVocab; ++t) residual[t] = std::max(0.0, wanted[t] - here[t]);
      record["emitted"].push_back(draw(residual));
      return record;
    }
    record["target"].push_back(at(p, before));
    record["draft"].push_back(nullptr);
    record["emitted"].push_back(draw(at(p, before)));
    return record;
  }

  // `texts` texts, two at a time, each of `steps` steps after the same prompt.
  std::vector<json> trace(int texts, int steps) {
    start();
    std::vector<json> records;
    for (int text = 0; text < texts; text += 2) {
      int last[2] = {0, 0}, index[2] = {0, 0};
      for (int s = 0; s < steps; ++s) {
        for (int mate : {0, 1}) {
          json record = step(last[mate]);
          record.update(
              {{"sequence", text + mate}, {"step", text * steps + s}, {"prompt", 7}, {"index", index[mate]}});
          last[mate] = record["emitted"].back();
          index[mate] += static_cast<int>(record["emitted"].size());
          records.push_back(std::move(record));
        }
      }
    }
    return records;
  }
};

json listed(const json& row) {
  if (row.is_null()) return row;
  std::vector<int> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](int t) { return row[t].get<double>(); });
  json top = json::array();
  double rest = 1;
  for (int i = 0; i < kListed; ++i) {
    top.push_back({order[static_cast<std::size_t>(i)], row[order[static_cast<std::size_t>(i)]]});
    rest -= row[order[static_cast<std::size_t>(i)]].get<double>();
  }
  return {{"top", top}, {"rest", rest}};
}

std::vector<json> with_listed_rows(std::vector<json> records) {
  for (json& record : records) {
    for (const char* rows : {"target", "draft"}) {
      for (json& row : record[rows]) row = listed(row);
    }
  }
  return records;
}

class Trace : public testing::Test {
 protected:
  TraceOutcome read(const std::vector<json>& records) {
    std::string lines;
    for (const json& record : records) lines += record.dump() + "\n";
    return read_text(lines);
  }
  TraceOutcome read_text(const std::string& text) {
    std::ofstream(file()) << text;
    return read_trace(file(), 5);
  }
  std::filesystem::path file() const { return folder_.path() / "trace"; }

  // The message without the file's name.
  std::string refusal(const std::string& text) {
    try {
      read_text(text);
    } catch (const ConfigError& error) {
      const std::string message = error.what();
      EXPECT_TRUE(message.starts_with(file().string() + ":")) << message;
      return message.substr(file().string().size() + 1);
    }
    return "it was accepted";
  }

  TemporaryFolder folder_;
};

void expect_says(const std::vector<std::string>& sentences, std::string_view part, bool expected = true) {
  const bool said = std::ranges::any_of(
      sentences, [&](const std::string& sentence) { return sentence.find(part) != std::string::npos; });
  EXPECT_EQ(said, expected) << part;
}

bool tested(const TraceOutcome& outcome, std::string_view name) {
  return std::ranges::any_of(outcome.evidence.findings(),
                             [&](const Finding& finding) { return finding.name.starts_with(name); });
}

void expect_same(const TraceOutcome& one, const TraceOutcome& other) {
  EXPECT_EQ(one.steps, other.steps);
  EXPECT_EQ(one.tokens, other.tokens);
  EXPECT_EQ(one.undecidable, other.undecidable);
  const std::vector<Finding> a = one.evidence.findings(), b = other.evidence.findings();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].n, b[i].n);
    EXPECT_EQ(a[i].statistic, b[i].statistic) << a[i].name;
  }
}

TEST_F(Trace, OfACorrectEngineIsLossless) {
  for (const bool fixed : {false, true}) {
    const TraceOutcome outcome = read(ToyEngine{.fixed = fixed, .seed = 3}.trace(300, 10));
    EXPECT_EQ(outcome.steps, 3000);
    EXPECT_EQ(certify(outcome.evidence, kOptions).decision, Decision::lossless) << fixed;
    for (const char* test : {"position 1, by draft ratio", "neighbours", "batch mates", "prefixes"}) {
      EXPECT_TRUE(tested(outcome, test)) << test;
    }
    EXPECT_EQ(outcome.undecidable.size(), 1u) << "the engine's word, nothing else";
  }
}

TEST_F(Trace, OfAnEngineThatAcceptsEverythingIsLossy) {
  for (const bool fixed : {false, true}) {
    const std::vector<json> records = ToyEngine{.gullible = true, .fixed = fixed}.trace(100, 10);
    EXPECT_EQ(certify(read(records).evidence, kOptions).decision, Decision::lossy);
    EXPECT_EQ(certify(read(with_listed_rows(records)).evidence, kOptions).decision, Decision::lossy);
  }
}

TEST_F(Trace, OfListedRowsIsLosslessAndSaysWhatItDoesNotSee) {
  for (const bool fixed : {false, true}) {
    const TraceOutcome outcome = read(with_listed_rows(ToyEngine{.fixed = fixed}.trace(300, 10)));
    EXPECT_EQ(certify(outcome.evidence, kOptions).decision, Decision::lossless) << fixed;
    EXPECT_TRUE(tested(outcome, "prefixes"));
    expect_says(outcome.undecidable, "differences within the remainder");
    expect_says(outcome.undecidable, "draft rows of the likeliest tokens only", !fixed);
  }
}

TEST_F(Trace, SaysWhatABareLogLeavesOpen) {
  std::vector<json> records = ToyEngine{}.trace(150, 10);
  for (json& record : records) {
    for (const char* optional : {"step", "prompt", "index", "draft"}) record.erase(optional);
  }
  const TraceOutcome outcome = read(records);
  for (const char* part : {"engine's word", "no draft row", "no 'step'", "no 'prompt'", "no 'index'"}) {
    expect_says(outcome.undecidable, part);
  }
  for (const char* test : {"position 1", "batch mates", "prefixes"}) EXPECT_FALSE(tested(outcome, test));
  EXPECT_TRUE(tested(outcome, "all tokens"));
}

TEST_F(Trace, FollowsTheAcceptedPathOfATree) {
  // Two siblings 1, a child of the second one, and a leaf.
  const std::string tree =
      R"({"sequence":"a","draw":"sampled","drafted":[1,1,2,0],"parents":[-1,-1,1,-1],"accepted":)";
  const std::string row = "[0.5,0.25,0.25]";
  EXPECT_NO_THROW(read_text(tree + fmt::format(R"([1,2],"emitted":[1,2,0],"target":[{0},{0},{0}]}})", row)));
  EXPECT_EQ(refusal(tree + fmt::format(R"([0,2],"emitted":[0,2],"target":[{0},{0}]}})", row)),
            "1: the accepted token 2 (number 2) was not drafted there; drafted were: none");
  EXPECT_EQ(refusal(tree + fmt::format(R"([2],"emitted":[2,2],"target":[{0},{0}]}})", row)),
            "1: the accepted token 2 (number 1) was not drafted there; drafted were: 1, 1, 0");
}

// A record that is right, and what makes it wrong.
json sound() {
  return json::parse(R"({"sequence": "a", "step": 4, "index": 0, "prompt": "p", "drafted": [1, 2],
                         "draw": "sampled", "accepted": [1], "emitted": [1, 0],
                         "target": [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]],
                         "draft": [[0, 1, 0], null]})");
}

TEST_F(Trace, RefusesWhatIsMalformedWithItsLine) {
  struct Case {
    json change;  // a merge patch
    std::string message;
  };
  const std::string first = sound().dump() + "\n";
  const std::vector<Case> cases = {
      {{{"target", {{0.5, 0.3, 0.25}, {0.25, 0.5, 0.25}}}},
       "target row 1 adds up to 1.05; it must add up to 1, within 0.001 (of top-k rows, log the rest as "
       "well)"},
      {{{"target", {{0.5, 0.75, -0.25}, {0.25, 0.5, 0.25}}}},
       "target row 1 gives token 2 the probability -0.25; probabilities are between 0 and 1"},
      {{{"draft", {{0, 1.5, 0}, nullptr}}},
       "draft row 1 gives token 1 the probability 1.5; probabilities are between 0 and 1"},
      {{{"target", {{0.5, "x", 0.25}, {1, 0, 0}}}},
       "target row 1: \"x\" stands where a probability is to be"},
      {{{"target", {{0.5, 0.5}, {0.5, 0.5}}}},
       "target row 1 has 2 probabilities, but the first row has 3; all rows of a trace have the same "
       "vocabulary"},
      {{{"target", {{0.5, 0.25, 0.25}}}}, "there are 1 target rows for 2 emitted tokens; each has one"},
      {{{"draft", {nullptr}}},
       "there are 1 draft rows for 2 emitted tokens; each has one, or null where none is known"},
      {{{"target", {nullptr, nullptr}}},
       R"(target row 1: is to be a list of probabilities or {"top": [[token, probability], ...], "rest": r})"},
      {{{"target", {{{"top", {{0, 0.5}, {0, 0.5}}}, {"rest", 0}}, {1, 0, 0}}}},
       "target row 1 lists token 0 twice; each token may stand there once"},
      {{{"target", {{{"top", {{1, 0.5}}}}, {1, 0, 0}}}}, "target row 1: the field 'rest' is missing"},
      {{{"target", {{{"top", {{1, 0.5}}}, {"rest", 0.3}}, {1, 0, 0}}}},
       "target row 1 adds up to 0.8; it must add up to 1, within 0.001, with the rest"},
      {{{"target", {{{"top", {{7, 0.5}}}, {"rest", 0.5}}, {1, 0, 0}}}},
       "a target row has the token 7, but tokens are from 0 to 2"},
      {{{"emitted", {1, 3}}}, "'emitted' has the token 3, but tokens are from 0 to 2"},
      {{{"drafted", {1, -2}}}, "'drafted' has the token -2, but tokens are from 0 to 2"},
      {{{"accepted", {2}}, {"emitted", {2, 0}}},
       "the accepted token 2 (number 1) was not drafted there; drafted were: 1"},
      {{{"emitted", {0, 1}}},
       "'emitted' [0, 1] does not begin with 'accepted' [1]; what is emitted is what was accepted, then one "
       "more token"},
      {{{"accepted", json::array()}},
       "2 tokens are emitted after 0 were accepted; it can be one more than accepted, or as many where the "
       "text ended"},
      {{{"parents", {-1}}}, "there are 1 parents, but 2 drafted tokens; each has one parent"},
      {{{"parents", {-1, 1}}},
       "the drafted token number 1 (from 0) has the parent 1; a parent is the number of a drafted token "
       "before it, or -1 for the text's last token"},
      {{{"draw", "sample"}},
       "'draw' is \"sample\"; it is to be \"sampled\" (drafts drawn at random) or \"fixed\" (chosen without "
       "chance)"},
      {{{"draw", nullptr}}, "the field 'draw' is missing"},
      {{{"emitted", nullptr}}, "the field 'emitted' is missing"},
      {{{"sequence", 1.5}}, "'sequence' is to be a string or an integer"},
      {{{"drafted", {1, 2.5}}}, "'drafted' has 2.5, which is no integer"},
      {{{"drafts", 1}},
       "there is no field 'drafts', did you mean 'draft'? (the fields are: sequence, prompt, step, index, "
       "drafted, parents, draw, accepted, emitted, target, draft)"},
      {{{"sequence", "a"}, {"index", 2}},
       "sequence \"a\" is in step 4 twice; a sequence has one record per step"},
      {{{"sequence", "a"}, {"index", 3}},
       "sequence \"a\" has the index 3 here, but 2 follows from its records so far; a step is missing, or "
       "they "
       "are not in order"},
      {{{"sequence", "a"}, {"index", 2}, {"prompt", "r"}},
       "sequence \"a\" has the prompt \"r\" here, but \"p\" in its first record; give the same, or none, in "
       "all "
       "of them"},
  };
  for (const Case& c : cases) {
    json record = sound();
    record["sequence"] = "b";
    record.merge_patch(c.change);
    const std::string message = refusal(first + record.dump() + "\n" + "not looked at");
    // Row messages follow the line at once, all others as a sentence of their own.
    EXPECT_EQ(message, "2: " + c.message) << record.dump();
  }
}

TEST_F(Trace, RefusesWhatIsNoWholeTrace) {
  const std::string line = sound().dump();
  EXPECT_EQ(refusal(""), " the file is empty; a trace has a record per step");
  EXPECT_EQ(refusal("\n\n"), " there is no record in it; a trace has one per step");
  EXPECT_EQ(
      refusal(line + "\n\n" + line.substr(0, 100)),
      "3: the file is cut: its last line is not complete JSON; write the trace again, or delete the line");
  EXPECT_EQ(refusal("step 1\n" + line), "1: this is not JSON; a trace has a JSON object per line");
  EXPECT_EQ(refusal("[1]\n"), "1: this is no JSON object; a trace has one per line");
  EXPECT_EQ(refusal(R"({"target": [[NaN, 1]]})"),
            "1: a number is NaN or infinite; probabilities are between 0 and 1");
  EXPECT_THROW(read_trace(folder_.path() / "none", 5), ConfigError);
  EXPECT_THROW(read_trace(folder_.path(), 5), ConfigError);
}

// As engines do that return "the k likeliest tokens and the sampled one".
TEST_F(Trace, RefusesRowsToWhichTheEmittedTokenWasAdded) {
  std::vector<json> records = ToyEngine{}.trace(2, 40), whole = records;
  records = with_listed_rows(records);
  for (std::size_t r = 0; r < records.size(); ++r) {
    for (std::size_t i = 0; i < records[r]["emitted"].size(); ++i) {
      json& row = records[r]["target"][i];
      const json& token = records[r]["emitted"][i];
      if (std::ranges::any_of(row["top"], [&](const json& pair) { return pair[0] == token; })) continue;
      const double p = whole[r]["target"][i][token.get<std::size_t>()];
      row["top"].push_back({token, p});
      row["rest"] = row["rest"].get<double>() - p;
    }
  }
  std::string lines;
  for (const json& record : records) lines += record.dump() + "\n";
  EXPECT_TRUE(refusal(lines).starts_with(" the target rows list the emitted token")) << refusal(lines);
}

TEST(TraceRow, SpreadsWhatAListedDraftLeavesOpen) {
  const TraceRow target{.listed = true, .tokens = {2, 5}, .probabilities = {0.5, 0.3, 0.2}};
  const TraceRow draft{.listed = true, .tokens = {2, 9}, .probabilities = {0.6, 0.3, 0.1}};
  const std::vector<double> q = over_symbols_of(target, draft);
  ASSERT_EQ(q.size(), 3u);
  EXPECT_DOUBLE_EQ(q[0], 0.6);
  EXPECT_DOUBLE_EQ(q[1], 0.1 * 0.3 / 0.5);
  EXPECT_DOUBLE_EQ(q[2], 0.3 + 0.1 * 0.2 / 0.5);
  EXPECT_EQ(symbol(target, 5), 1);
  EXPECT_EQ(symbol(target, 9), 2);
}

TEST(TraceRow, ForgivesARestThatIsNegativeByRounding) {
  TraceRow row{.listed = true, .tokens = {5, 2}, .probabilities = {0.25, 0.75, -1e-8}};
  settle(row, "here:");
  EXPECT_EQ(row.tokens, (std::vector<Token>{2, 5}));
  EXPECT_EQ(row.probabilities, (std::vector<double>{0.75, 0.25, 0}));
  row.probabilities.back() = -1e-4;
  EXPECT_THROW(settle(row, "here:"), ConfigError);
}

// The columns of analysis/TRACE.md.
struct Columns {
  std::map<std::string, std::vector<std::int64_t>> integers;
  std::map<std::string, std::vector<double>> reals;
  std::size_t width = kVocab;

  explicit Columns(const std::vector<json>& records) {
    for (const json& record : records) {
      for (const char* name : {"sequence", "step", "prompt", "index"}) integers[name].push_back(record[name]);
      integers["draw"].push_back(record["draw"] == "sampled" ? 1 : 0);
      for (const std::string name : {"drafted", "accepted", "emitted"}) {
        integers[name + "_count"].push_back(static_cast<std::int64_t>(record[name].size()));
        if (name == "accepted") continue;
        for (const json& token : record[name]) integers[name].push_back(token);
      }
      for (const std::string name : {"target", "draft"}) {
        for (const json& row : record[name]) add_row(name, row);
      }
    }
  }
  void add_row(const std::string& name, const json& row) {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    if (row.is_array()) {
      for (const json& p : row) reals[name].push_back(p);
    } else if (row.is_null() && reals.contains(name)) {
      for (int t = 0; t < kVocab; ++t) reals[name].push_back(nan);
    } else {
      width = kListed;
      for (int i = 0; i < kListed; ++i) {
        integers[name + "_tokens"].push_back(row.is_null() ? i : row["top"][i][0].get<std::int64_t>());
        reals[name + "_top"].push_back(row.is_null() ? nan : row["top"][i][1].get<double>());
      }
      reals[name + "_rest"].push_back(row.is_null() ? nan : row["rest"].get<double>());
    }
  }
  void write(const std::filesystem::path& path) const {
    ForeignHdf5 file(path);
    const auto shape = [&](const std::string& name, std::size_t size) {
      const bool wide =
          name == "target" || name == "draft" || name.ends_with("_tokens") || name.ends_with("_top");
      return wide ? ForeignHdf5::Shape{size / width, width} : ForeignHdf5::Shape{size};
    };
    for (const auto& [name, values] : integers)
      file.write(name, shape(name, values.size()), std::span(values));
    for (const auto& [name, values] : reals) file.write(name, shape(name, values.size()), std::span(values));
  }
};

class Hdf5Trace : public Trace {
 protected:
  TraceOutcome read_columns(const Columns& columns) {
    columns.write(file());
    return read_trace(file(), 5);
  }
  std::string refusal_of(const Columns& columns) {
    columns.write(file());
    std::ifstream in(file(), std::ios::binary);
    return refusal({std::istreambuf_iterator<char>(in), {}});
  }
};

TEST_F(Hdf5Trace, EqualsJsonLinesToTheLastBit) {
  const std::vector<json> records = ToyEngine{}.trace(150, 10);
  expect_same(read_columns(Columns(records)), read(records));
  const std::vector<json> tops = with_listed_rows(records);
  expect_same(read_columns(Columns(tops)), read(tops));
}

TEST_F(Hdf5Trace, RefusesWhatIsMalformedWithItsRecord) {
  const Columns good(ToyEngine{}.trace(2, 2));
  Columns bad = good;
  bad.integers["draw"][2] = 2;
  EXPECT_EQ(refusal_of(bad),
            " record 3: 'draw' is 2; it is to be 1 (drafts drawn at random) or 0 (chosen without "
            "chance)");
  bad = good;
  bad.reals["target"][0] += 0.5;
  EXPECT_TRUE(refusal_of(bad).starts_with(" record 1: target row 1 adds up to 1.5; it must"))
      << refusal_of(bad);
  bad = good;
  bad.integers["accepted_count"][1] = 9;
  EXPECT_TRUE(refusal_of(bad).starts_with(" record 2: 'accepted_count' is 9, but")) << refusal_of(bad);
  bad = good;
  bad.integers["emitted"].pop_back();
  EXPECT_TRUE(refusal_of(bad).starts_with(" record 4: ")) << refusal_of(bad);
  bad = good;
  bad.integers["emitted"].push_back(0);
  EXPECT_EQ(refusal_of(bad),
            " 1 of 'emitted' are left after the last record; 'emitted_count' adds up to fewer");
  bad = good;
  bad.integers.erase("sequence");
  EXPECT_EQ(refusal_of(bad), " the dataset 'sequence' is missing");
  bad = good;
  bad.integers["steps"] = bad.integers["step"];
  EXPECT_TRUE(refusal_of(bad).starts_with(" there is no dataset 'steps' in a trace, did you mean 'step'?"));
  bad = good;
  bad.integers["step"].pop_back();
  EXPECT_EQ(refusal_of(bad), " 'step' has 3 records, but 'sequence' has 4; each record has one of both");
  bad = good;
  bad.integers.erase("emitted");
  bad.reals["emitted"] = {0.5};
  EXPECT_TRUE(refusal_of(bad).find("its values are no integers") != std::string::npos) << refusal_of(bad);
}

TEST_F(Hdf5Trace, RefusesACutFile) {
  Columns(ToyEngine{}.trace(20, 20)).write(file());
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  try {
    read_trace(file(), 5);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("the file is cut"), std::string::npos) << error.what();
  }
}

TEST(Hdf5File, ReadsRowsOfOtherProgramsInParts) {
  const TemporaryFolder folder;
  const std::vector<float> values{0, 1, 2, 3, 4, 5};
  const std::filesystem::path path = folder.path() / "any";
  ForeignHdf5(path).write("values", {3, 2}, std::span(values));
  const Hdf5File file = Hdf5File::open(path);
  EXPECT_EQ(file.shape("/values"), (std::vector<std::size_t>{3, 2}));
  std::vector<double> last(4);
  file.read_rows("/values", 1, 2, std::span<double>(last));
  EXPECT_EQ(last, (std::vector<double>{2, 3, 4, 5}));
  EXPECT_THROW(file.read_rows("/values", 2, 2, std::span<double>(last)), Hdf5Error);
  std::vector<std::int64_t> integers(4);
  EXPECT_THROW(file.read_rows("/values", 1, 2, std::span<std::int64_t>(integers)), Hdf5Error);
}

}  // namespace
}  // namespace speclab
