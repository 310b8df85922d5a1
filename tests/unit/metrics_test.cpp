#include "analysis/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "analysis/contradictions.h"
#include "analysis/metric_table.h"
#include "analysis/report.h"

namespace speclab {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

SequenceRecord finished(Role role, int id, const std::string& label, int tokens, std::uint64_t text) {
  SequenceRecord row;
  row.role = static_cast<int>(role);
  row.sequence = id;
  std::ranges::copy(label, row.label.begin());
  row.new_tokens = tokens;
  row.signature = text;
  return row;
}

// Two prompts. Plain decoding: one token and one second per step, .9 of it passes. The method: two steps for
// both at once, four seconds each, of which three are the target's; the second prompt's text ends early.
LoadedPoint small_point() {
  LoadedPoint point;
  point.status = kDone;
  RunTotals plain(0, 0), method(1, 0);
  for (int token = 0; token < 7; ++token) {
    const StepRow row{{0, 0, 0, 1}, SequenceId{token < 4 ? 0 : 1}};
    plain.step({&row, 1}, 1, kNone, .9);
  }
  plain.admit(0, 1, kNone);
  const StepRow first[] = {{{3, 1, 2, 3}, SequenceId{0}}, {{3, 0, 3, 2}, SequenceId{1}}};
  const StepRow second[] = {{{3, 0, 0, 1}, SequenceId{0}}, {{0, 0, 0, 1}, SequenceId{1}}};
  for (const auto& rows : {first, second}) {
    method.step({rows, 2}, 4, kNone, 3);
    method.charge(false, {Actor::target, Op::forward, 2, 8, 8, 0, 0}, 3, kNone);
    method.charge(false, {Actor::draft, Op::commit, 2, 1, 0, 0, 0}, 1, kNone);
  }
  method.admit(0, 1, kNone);
  point.runs = {plain, method};
  point.sequences = {finished(Role::baseline, 0, "chat", 4, 11), finished(Role::baseline, 1, "code", 3, 12),
                     finished(Role::method, 0, "chat", 4, 11), finished(Role::method, 1, "code", 3, 13)};
  return point;
}

double value(const LoadedPoint& point, std::string_view name, int position = 0) {
  const auto found = evaluate(name, PromptSelection(point), position);
  return found ? found->value : kNone;
}

TEST(Metrics, MatchHandCalculation) {
  const LoadedPoint point = small_point();
  EXPECT_DOUBLE_EQ(value(point, "tokens_per_step"), 7.0 / 4);
  EXPECT_DOUBLE_EQ(value(point, "tokens_per_step_uncut"), 9.0 / 4);
  EXPECT_DOUBLE_EQ(value(point, "tokens_per_step_prompt_mean"), (4.0 / 2 + 3.0 / 2) / 2);
  EXPECT_DOUBLE_EQ(value(point, "mean_accepted"), 5.0 / 4);
  EXPECT_DOUBLE_EQ(value(point, "mean_accepted_drafting"), 5.0 / 3);
  EXPECT_DOUBLE_EQ(value(point, "acceptance_rate"), 5.0 / 9);
  EXPECT_DOUBLE_EQ(value(point, "acceptance_joint", 1), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value(point, "acceptance_joint", 3), 1.0 / 3);
  EXPECT_DOUBLE_EQ(value(point, "acceptance_conditional", 1), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value(point, "acceptance_conditional", 2), 1);
  EXPECT_DOUBLE_EQ(value(point, "acceptance_conditional", 3), 1.0 / 2);
  EXPECT_DOUBLE_EQ(value(point, "draft_coverage"), 3.0 / 4);
  EXPECT_DOUBLE_EQ(value(point, "proposed_per_drafting_step"), 3);
  EXPECT_DOUBLE_EQ(value(point, "overshoot"), 2.0 / 9);
  EXPECT_DOUBLE_EQ(value(point, "same_text"), 1.0 / 2);
  EXPECT_DOUBLE_EQ(value(point, "measured_tokens_per_second"), 7.0 / 8);
  EXPECT_DOUBLE_EQ(value(point, "baseline_measured_tokens_per_second"), 1);
  EXPECT_DOUBLE_EQ(value(point, "measured_speedup"), 7.0 / 8);
  EXPECT_DOUBLE_EQ(value(point, "measured_speedup_with_prefill"), 8.0 / 9);
  EXPECT_DOUBLE_EQ(value(point, "measured_step_cost"), 2);
  EXPECT_DOUBLE_EQ(value(point, "measured_share_target"), 3.0 / 4);
  EXPECT_DOUBLE_EQ(value(point, "measured_share_keep"), 1.0 / 4);
  EXPECT_DOUBLE_EQ(value(point, "measured_share_rest"), 0);
  EXPECT_DOUBLE_EQ(value(point, "measured_share_host"), 1.0 / 4);
}

TEST(Metrics, AccountedSpeedupIsThatOfThePassesAlone) {
  LoadedPoint point = small_point();
  EXPECT_DOUBLE_EQ(value(point, "accounted_speedup"), (7 * .9) / (2 * 3));
  EXPECT_DOUBLE_EQ(value(point, "measured_of_accounted"), (7.0 / 8) / (6.3 / 6));
  const auto accounted = evaluate("accounted_speedup", PromptSelection(point));
  ASSERT_TRUE(accounted);
  const StepRow row{{1, 0, 0, 0}, SequenceId{1}};
  point.runs[1].step({&row, 1}, 4, kNone, kNone);
  EXPECT_TRUE(std::isnan(value(point, "accounted_speedup"))) << "passes of a step are not known";
  EXPECT_TRUE(std::isnan(value(point, "measured_of_accounted")));
}

TEST(Metrics, PricesOfThisMachineAreComparedWithWhatWasMeasured) {
  LoadedPoint point = small_point();
  for (RunTotals& run : point.runs) {
    RunTotals priced(run.role(), run.repeat());
    const StepRow row{{1, 0, 0, 1}, SequenceId{0}};
    priced.step({&row, 1}, run.role() == 0 ? 6 : 4, run.role() == 0 ? 5 : 2, kNone);
    run = priced;
  }
  std::erase_if(point.sequences, [](const SequenceRecord& s) { return s.sequence == 1; });
  EXPECT_TRUE(std::isnan(value(point, "measured_of_calibrated"))) << "prices of another machine";
  point.settings["price.kind"] = "calibrated";
  EXPECT_DOUBLE_EQ(value(point, "priced_speedup"), 5.0 / 2);
  EXPECT_DOUBLE_EQ(value(point, "measured_of_calibrated"), (6.0 / 4) / (5.0 / 2));
}

TEST(Metrics, TokensPerSecondAreOfTheBatchAndOfASequence) {
  LoadedPoint point = small_point();
  EXPECT_TRUE(std::isnan(value(point, "measured_tokens_per_second_per_sequence")))
      << "steps were not counted";
  for (int step = 0; step < 7; ++step)
    point.runs[0].charge(false, {.op = Op::step, .sequences = 1}, 0, kNone);
  for (int step = 0; step < 2; ++step)
    point.runs[1].charge(false, {.op = Op::step, .sequences = 2}, 0, kNone);
  EXPECT_DOUBLE_EQ(value(point, "measured_tokens_per_second"), 7.0 / 8);
  EXPECT_DOUBLE_EQ(value(point, "measured_tokens_per_second_per_sequence"), 7.0 / 16);
  EXPECT_DOUBLE_EQ(value(point, "baseline_measured_tokens_per_second"), 1);
  EXPECT_DOUBLE_EQ(value(point, "baseline_measured_tokens_per_second_per_sequence"), 1);
}

TEST(Metrics, WhatWasNotPricedHasNoPrice) {
  const LoadedPoint point = small_point();
  EXPECT_TRUE(std::isnan(value(point, "priced_speedup")));
  EXPECT_TRUE(std::isnan(value(point, "priced_tokens_per_second")));
  EXPECT_TRUE(std::isnan(value(point, "priced_share_target")));
}

TEST(Metrics, ALabelSelectsItsPrompts) {
  const LoadedPoint point = small_point();
  EXPECT_EQ(labels(point), (std::vector<std::string>{"chat", "code"}));
  const auto chat = evaluate("measured_speedup", PromptSelection(point, "chat"));
  ASSERT_TRUE(chat);
  EXPECT_DOUBLE_EQ(chat->value, 1);  // four seconds for four tokens, both
  EXPECT_FALSE(chat->interval);      // of one prompt
}

TEST(Metrics, EveryMetricSaysWhatItIs) {
  for (const Metric& metric : metrics()) {
    EXPECT_FALSE(metric.name.empty() || metric.unit.empty() || metric.formula.empty()) << metric.name;
    EXPECT_EQ(std::ranges::count(metrics(), metric.name, &Metric::name), 1) << metric.name;
  }
}

TEST(Contradictions, NoneInASoundPoint) { EXPECT_TRUE(contradictions(small_point()).empty()); }

TEST(Contradictions, LostTokensAndUnequalRepeatsAreFound) {
  LoadedPoint point = small_point();
  point.sequences[2].new_tokens = 5;
  ASSERT_EQ(contradictions(point).size(), 1u);
  EXPECT_EQ(contradictions(point)[0], "method prompt 0 repeat 0: steps emitted 4 tokens, the text grew by 5");

  point = small_point();
  point.runs.push_back(point.runs[1]);
  point.sequences.push_back(finished(Role::method, 1, "code", 3, 99));
  ASSERT_EQ(contradictions(point).size(), 1u);
  EXPECT_EQ(contradictions(point)[0], "method prompt 1: repeats gave 2 different texts");
}

std::vector<std::string> titles(const Report& report) {
  std::vector<std::string> all;
  for (const ReportColumn& column : report.columns) all.push_back(column.full_title());
  return all;
}

TEST(Report, ShowsVaryingSettingsAsColumnsAndTheRestOnce) {
  std::vector<LoadedPoint> points(3, small_point());
  for (int i = 0; i < 3; ++i) {
    points[i].settings = {
        {"drafter.kind", "model"}, {"topology.kind", "chain"}, {"topology.length", 10 - i}, {"seed", 7}};
  }
  points[2].status = kSkipped;
  points[2].reason = "too long";
  const Report report = build_report(points);
  EXPECT_EQ(titles(report), (std::vector<std::string>{"strategy", "length", "tokens/step", "accepted",
                                                      "measured cost", "measured speedup"}));
  ASSERT_EQ(report.groups.size(), 3u);  // all, chat, code
  EXPECT_EQ(report.groups[1].title, "chat");
  ASSERT_EQ(report.groups[0].rows.size(), 2u);
  EXPECT_EQ(report.groups[0].rows[0].name, "model chain(9)");
  EXPECT_EQ(report.groups[0].rows[0].cells[1].text, "9");  // numbers in the order of numbers
  EXPECT_EQ(report.groups[0].rows[0].cells[4].text, "2.00") << "more accepted, slower: the cost says why";
  EXPECT_EQ(report.groups[1].rows[0].cells[5].text, "1.00");
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("skipped: too long"), std::string::npos);
  EXPECT_NE(to_text(report).find("constant: drafter.kind=model  seed=7  topology.kind=chain\n"),
            std::string::npos);
  EXPECT_NE(to_markdown(report).find("| model chain | 9 |"), std::string::npos);
}

TEST(Report, ShowsAccountedSpeedupBesidePricesOfTheSameMachine) {
  LoadedPoint point = small_point();
  EXPECT_EQ(titles(build_report({&point, 1})).back(), "measured speedup");
  point.settings["price.kind"] = "calibrated";
  const Report report = build_report({&point, 1});
  EXPECT_EQ(titles(report).back(), "measured accounted");
  EXPECT_EQ(report.groups[0].rows[0].cells.back().text.substr(0, 4), "1.05");
  EXPECT_FALSE(report.columns[1].numeric) << "accepted is text";
  EXPECT_NE(to_text(report).find("accounted: as if nothing but passes"), std::string::npos);
}

TEST(MetricTable, RatiosKeepBothCounts) {
  const std::vector<LoadedPoint> points(1, small_point());
  const nlohmann::json rows = to_json(metric_table(points));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["label"], "all");
  EXPECT_EQ(rows[0]["tokens_per_step_numerator"], 7);
  EXPECT_EQ(rows[0]["tokens_per_step_denominator"], 4);
  EXPECT_FALSE(rows[0].contains("priced_speedup"));
  EXPECT_EQ(to_csv({{"a", "b"}, {{1, "x,\"y\""}, {nullptr, 0.5}}}), "a,b\n1,\"x,\"\"y\"\"\"\n,0.5\n");
}

}  // namespace
}  // namespace speclab
