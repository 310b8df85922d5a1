#include "analysis/certificate/trace.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/certificate/certificate.h"
#include "analysis/certificate/trace_row.h"
#include "core/errors.h"
#include "tests/support/toy_engine.h"
#include "tests/support/written_trace.h"

namespace speclab {
namespace {

using nlohmann::json;

constexpr CertificateOptions kOptions{.level = 1e-6, .distance = 0.1, .power = 0.99};

using Trace = WrittenTrace;

void expect_says(const std::vector<std::string>& sentences, std::string_view part, bool expected = true) {
  const bool said = std::ranges::any_of(
      sentences, [&](const std::string& sentence) { return sentence.find(part) != std::string::npos; });
  EXPECT_EQ(said, expected) << part;
}

bool tested(const TraceOutcome& outcome, std::string_view name) {
  return std::ranges::any_of(outcome.evidence.findings(),
                             [&](const Finding& finding) { return finding.name.starts_with(name); });
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
  EXPECT_EQ(refusal(R"({"target": [[1e400, 1]]})"), "1: the number '1e400' is larger than any of 64 bits");
  EXPECT_EQ(refusal(R"({"target": )" + std::string(70'000, '[') + std::string(70'000, ']') + "}"),
            "1: is nested more than 256 levels deep");
  EXPECT_EQ(refusal(R"({"step": 1, "step": 2})"), "1: names the key \"step\" twice in one object");
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

}  // namespace
}  // namespace speclab
