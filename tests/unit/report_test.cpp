#include "analysis/report.h"

#include <gtest/gtest.h>

#include <sstream>

#include "analysis/best.h"
#include "analysis/choices.h"

namespace speclab {
namespace {

constexpr int kPrompts = 6;

// Plain decoding takes a second a token, the method `seconds` a step of two tokens, times a factor of each
// prompt.
LoadedPoint point(const std::string& strategy, int batch, double seconds, double spread = 0) {
  LoadedPoint made;
  made.status = kDone;
  RunTotals plain(0, 0), method(1, 0);
  for (int i = 0; i < kPrompts; ++i) {
    const double factor = 1 + (i % 2 == 0 ? spread : -spread);
    const StepRow one{{0, 0, 0, 1}, SequenceId{i}}, two{{1, 0, 1, 2}, SequenceId{i}};
    for (int step = 0; step < 8; ++step) plain.step({&one, 1}, 1, 1, 1);
    for (int step = 0; step < 4; ++step) method.step({&two, 1}, seconds * factor, seconds * factor, 1);
    for (const int role : {0, 1}) {
      SequenceRecord row{.role = role, .sequence = i, .new_tokens = 8};
      row.label[0] = 'x';
      made.sequences.push_back(row);
    }
  }
  made.runs = {plain, method};
  made.settings = {{"drafter.kind", strategy},
                   {"topology.kind", "chain"},
                   {"workload.batch", batch},
                   {"workload.refill", true},
                   {"sampling.temperature", 0.0}};
  return made;
}

std::vector<bool> stars(const Report& report, std::size_t group) {
  std::vector<bool> found;
  for (const ReportRow& row : report.groups.at(group).rows)
    found.push_back(std::ranges::any_of(row.cells, &ReportCell::best));
  return found;
}

TEST(Choices, AreWhatAUserChooses) {
  for (const char* name : {"drafter.kind", "topology.length", "rule.lenience", "draft.path", "price.draft"})
    EXPECT_TRUE(is_choice(name)) << name;
  for (const char* name : {"target.path", "workload.batch", "workload.prompts", "sampling.temperature",
                           "price.device", "price.target", "price.tensor_parallel", "price.stack",
                           "workload.max_new_tokens", "drafter.acceptance"})
    EXPECT_FALSE(is_choice(name)) << name;
}

TEST(Report, BestIsWithinWhatNobodyChooses) {
  const std::vector<LoadedPoint> points = {point("model", 1, 1), point("ngram", 1, 1.5),
                                           point("model", 8, 1.9), point("ngram", 8, 1.6)};
  const Report report = build_report(points);
  ASSERT_EQ(report.groups.size(), 2u);
  EXPECT_EQ(report.groups[0].title, "x, temperature 0, batch 1");
  EXPECT_EQ(report.groups[1].title, "x, temperature 0, batch 8");
  EXPECT_EQ(stars(report, 0), (std::vector<bool>{true, false}));
  EXPECT_EQ(stars(report, 1), (std::vector<bool>{false, true}));
}

// Points come in the order of their hashes, which change with any setting.
TEST(Report, GroupsComeInOneOrderWhateverTheOrderOfPoints) {
  std::vector<LoadedPoint> points;
  for (const char label : {'y', 'x'}) {
    for (const int batch : {8, 1}) {
      points.push_back(point("model", batch, 1));
      points.push_back(point("ngram", batch, 2));
      for (auto some = points.end() - 2; some != points.end(); ++some)
        for (SequenceRecord& row : some->sequences) row.label[0] = label;
    }
  }
  std::vector<std::string> titles;
  for (const ReportGroup& group : build_report(points).groups) titles.push_back(group.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"x, temperature 0, batch 1", "x, temperature 0, batch 8",
                                              "y, temperature 0, batch 1", "y, temperature 0, batch 8"}));
}

TEST(Report, WhatIsNotToBeToldFromTheBestIsMarkedToo) {
  // Both are as uncertain over prompts; paired, the second is 1 % slower with every prompt, the third now
  // faster, now slower.
  const std::vector<LoadedPoint> points = {point("a", 1, 1, 0.1), point("b", 1, 1.01, 0.1),
                                           point("c", 1, 1.01, -0.1)};
  EXPECT_EQ(stars(build_report(points), 0), (std::vector<bool>{true, false, true}));
}

TEST(Report, ABestByChanceIsNotMarked) {
  const std::vector<LoadedPoint> points = {point("a", 1, 1.9, 0.8), point("b", 1, 2.2, 0.1)};
  const Report report = build_report(points);
  EXPECT_EQ(stars(report, 0), (std::vector<bool>{false, false}));
  EXPECT_NE(to_text(report).find("no *:"), std::string::npos);
}

TEST(Report, WhereOneThingWasChosenRowsAreItsCircumstances) {
  const std::vector<LoadedPoint> points = {point("a", 1, 1), point("a", 8, 1.5)};
  const Report report = build_report(points);
  ASSERT_EQ(report.groups.size(), 1u);
  EXPECT_EQ(report.groups[0].rows[1].name, "temperature 0, batch 8");
  EXPECT_EQ(stars(report, 0), (std::vector<bool>{false, false}));
}

TEST(Report, FitsTheWidth) {
  std::vector<LoadedPoint> points = {point("model", 1, 1, .2),
                                     point("a_drafter_of_a_very_long_name", 1, 1.01, .1)};
  points[1].settings["drafter.path"] = "heads/a-folder-with-a-name-that-is-longer-than-all-others";
  points[0].settings["drafter.path"] = "heads/short";
  const Report report = build_report(points);
  for (const int width : {60, 80, 100, 200}) {
    std::istringstream text(to_text(report, width));
    for (std::string line; std::getline(text, line);) {
      const auto columns = std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; });
      const bool one_word = line.find(' ', line.find_first_not_of(' ')) == std::string::npos;
      EXPECT_TRUE(columns <= width || one_word) << width << ": " << line;
    }
  }
  EXPECT_NE(to_text(report, 200).find("2.00 ["), std::string::npos) << "whole intervals where there is room";
  EXPECT_NE(to_text(report, 80).find("2.00 ±"), std::string::npos);
}

TEST(Report, ABatchThatRanEmptyIsSaid) {
  LoadedPoint drained = point("a", 4, 1);
  EXPECT_EQ(to_text(build_report({&drained, 1})).find("ran empty"), std::string::npos);
  drained.settings.erase("workload.refill");  // a file of an earlier version
  EXPECT_NE(to_text(build_report({&drained, 1})).find("the batch ran empty"), std::string::npos);
  drained.settings["workload.batch"] = 1;
  EXPECT_EQ(to_text(build_report({&drained, 1})).find("ran empty"), std::string::npos);
}

TEST(Report, APricedIntervalSaysWhatItIsOf) {
  LoadedPoint priced = point("a", 1, 1);
  priced.provenance = {{"priced_device", "X"}, {"priced_error", "5 to 8 %"}};
  const std::string text = to_text(build_report({&priced, 1}));
  EXPECT_NE(text.find("5 to 8 %"), std::string::npos);
  EXPECT_NE(text.find("priced intervals are of the prompts alone"), std::string::npos);
}

}  // namespace
}  // namespace speclab
