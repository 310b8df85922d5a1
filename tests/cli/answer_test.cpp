// What `answer` makes of a config: all of it, in one folder, by the options it was given.
#include <nlohmann/json.hpp>

#include "core/results/hdf5.h"
#include "tests/cli/sweeps.h"
#include "tests/support/project_files.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

const std::string kFigure = R"([figure]
title = "Words of the file."
y = ["priced_speedup", "tokens_per_step"]
x = "topology.length"
series = ["drafter.kind"]
)";

// Two points that can be certified: a lossless rule, and one that is not.
const std::string kCertified = R"(experiment = "e"
target = { kind = "markov", vocab = 16 }
draft = { kind = "markov", vocab = 16 }
sampling.temperature = 0.7
workload = { requests = 8, max_new_tokens = 32, batch = 4 }
clock.kind = "analytic"
price.kind = "constant"
certify.tokens = 500
[sweep]
rule.kind = ["speculative_sampling", "greedy"]
[figure]
title = "Words of the file."
x = "distance"
y = ["tokens_per_step"]
series = ["rule.kind"]
join = false
certificates = true
)";

class Answer : public SweepTest {
 protected:
  static Ended answer(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"answer", "c.toml", "-o", "r"});
    return speclab(more);
  }
  static void write_config(const std::string& figure = kFigure) {
    write("c.toml", "experiment = \"e\"\n" + kSynthetic + "[sweep]\ntopology.length = [2, 4]\n" + figure);
  }
  static std::string content(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(Answer, LiesInOneFolder) {
  write_config();
  const Ended ended = answer();
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_NE(ended.out.find("e: 2 of 2 points done"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("r/e.png"), std::string::npos) << ended.out;
  for (const char* file : {"r/e.h5", "r/e.metrics.h5", "r/e.png", "r/e.svg"})
    EXPECT_TRUE(fs::exists(file)) << file;
  EXPECT_FALSE(fs::exists("results"));
  EXPECT_FALSE(fs::exists("r/e-certificate.h5"));
  EXPECT_NE(content("r/e.svg").find("Words of the file."), std::string::npos);
  EXPECT_EQ(answer().err, "0 points ran, 2 were there already\n") << "finished points are kept";
}

TEST_F(Answer, GivesItsOptionsToEveryPart) {
  write("c.toml", kCertified);
  const Ended ended = answer(
      {"--set", "sampling.temperature=1", "--set", "experiment=f", "--set", "figure.title=Other words"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_FALSE(fs::exists("r/e.h5"));
  const Hdf5File certificate = Hdf5File::open("r/f-certificate.h5");
  for (const std::string& point : certificate.children("/point"))
    EXPECT_EQ(certificate.get("/point/" + point + "/settings", "sampling.temperature"), 1.0);
  const std::string drawn = content("r/f.svg");
  EXPECT_NE(drawn.find("Other words"), std::string::npos);
  EXPECT_NE(drawn.find("speculative_sampling"), std::string::npos) << "points with a distance";
  EXPECT_NE(ended.out.find("LOSSY "), std::string::npos) << ended.out;
}

TEST_F(Answer, CertificatesOfOtherPointsAreNoneOfThese) {
  write("c.toml", kCertified);
  ASSERT_EQ(answer().status, 0);
  ASSERT_EQ(speclab({"certify", "c.toml", "-o", "r", "--set", "sampling.temperature=1"}).status, 1);
  const Ended drawn =
      run_program("/usr/bin/python3", {(project_files() / "analysis/figures/figure.py").string(), "c.toml",
                                       "r/e.metrics.h5", "r/e", "--certificates", "r/e-certificate.h5"});
  EXPECT_NE(drawn.status, 0);
  EXPECT_NE(drawn.err.find("r/e-certificate.h5 certifies 0 of the 2 points"), std::string::npos) << drawn.err;
}

TEST_F(Answer, AFigureThatCannotBeIsAnError) {
  write_config(kFigure + "panel = \"drafter.window\"\n");  // of no drafter here
  const Ended ended = answer();
  EXPECT_EQ(ended.status, 3) << ended.err;
  EXPECT_NE(ended.err.find("the figure was not drawn"), std::string::npos) << ended.err;
  EXPECT_NE(ended.out.find("2 of 2 points done"), std::string::npos) << "the table comes all the same";
}

// Of a sweep of one axis more than the figure tells apart.
TEST_F(Answer, PointsThatAFigureWouldShowAsOneAreAnError) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"x = \"topology.length\"\nseries = [\"drafter.kind\"]\n", "drafter.acceptance"},
      {"x = \"drafted\"\nseries = [\"drafter.kind\"]\n", "drafter.acceptance, topology.length"},
      {"x = \"acceptance_rate\"\njoin = false\nseries = [\"drafter.kind\"]\n",
       "drafter.acceptance, topology.length"},
      {"series = [\"topology.length\"]\n", "drafter.acceptance"}};
  for (const auto& [figure, named] : cases) {
    write("c.toml",
          "experiment = \"e\"\n" + kSynthetic +
              "[sweep]\ntopology.length = [2, 4]\ndrafter.acceptance = [0.5, 0.9]\n[figure]\ntitle = "
              "\"Words.\"\ny = \"tokens_per_step\"\n" +
              figure);
    const Ended ended = answer();
    EXPECT_EQ(ended.status, 3) << figure << ended.err;
    EXPECT_NE(ended.err.find("shows points as one that differ in " + named + " ("), std::string::npos)
        << figure << ended.err;
    EXPECT_FALSE(fs::exists("r/e.png"));
    EXPECT_EQ(answer({"--set", "drafter.acceptance=0.9", "--set", "experiment=f"}).status, 0)
        << "one value is no axis";
    fs::remove_all("r");
  }
}

// Found before anything runs.
TEST_F(Answer, AFigureThatNamesWhatThereIsNotRunsNothing) {
  const std::string begin = "[figure]\ntitle = \"Words.\"\ny = \"priced_speedup\"\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {begin, "figure.series is required"},
      {begin + "series = \"topology.lenght\"\n", "did you mean 'length'?"},
      {begin + "series = \"drafter.kind\"\nx = \"lenght\"\n",
       "figure.x = \"lenght\" is no metric and no setting"},
      {begin + "series = \"drafter.kind\"\nbest_over = \"topologie.length\"\n", "topologie"},
      {"[figure]\ntitle = \"Words.\"\nseries = \"drafter.kind\"\n", "figure.y is required"}};
  for (const auto& [figure, message] : cases) {
    write_config(figure);
    const Ended ended = answer();
    EXPECT_EQ(ended.status, 3) << figure;
    EXPECT_NE(ended.err.find(message), std::string::npos) << figure << ended.err;
    EXPECT_FALSE(fs::exists("r")) << figure;
  }
}

TEST_F(Answer, ASettingOfAFigureThatDoesNothingThereIsRefused) {
  const std::string bars =
      "[figure]\ntitle = \"Words.\"\ny = \"priced_speedup\"\nseries = \"topology.length\"\n";
  const std::string curves = kFigure;
  const std::vector<std::pair<std::string, std::string>> cases{
      {bars + "x_label = \"K\"\n", "figure.x_label has no effect without figure.x: "},
      {bars + "log_x = true\n", "figure.log_x has no effect without figure.x: "},
      {bars + "colour = \"drafter.kind\"\n", "figure.colour has no effect without figure.x: "},
      {bars + "best_over = \"drafter.kind\"\n", "figure.best_over has no effect without figure.x: "},
      {bars + "point_label = \"drafter.kind\"\n", "figure.point_label has no effect without figure.x: "},
      {bars + "join = false\n", "figure.join has no effect without figure.x: "},
      {curves + "colour_label = \"K\"\n", "figure.colour_label has no effect without figure.colour: "},
      {curves + "panel_label = \"K\"\n", "figure.panel_label has no effect without figure.panel: "},
      {curves + "ceiling = \"chain\"\n", "figure.ceiling comes from certificates: set certificates = true"},
      {"[figure]\ntitle = \"W\"\ny = \"priced_speedup\"\nseries = \"drafter.kind\"\nx = "
       "\"topology.num_speculative_tokens\"\n",
       "figure.x: \"topology.num_speculative_tokens\" is another name, and results have its values as "
       "\"topology.length\""},
      {"[figure]\ntitle = \"W\"\ny = \"priced_speedup\"\nseries = [\"drafter.method\"]\n",
       "figure.series: \"drafter.method\" is another name, and results have its values as \"drafter.kind\""}};
  for (const auto& [figure, message] : cases) {
    write_config(figure);
    const Ended ended = answer();
    EXPECT_EQ(ended.status, 3) << figure;
    EXPECT_NE(ended.err.find(message), std::string::npos) << figure << ended.err;
    EXPECT_EQ(lines(ended.err), 1u) << ended.err;
    EXPECT_FALSE(fs::exists("r")) << figure;
    fs::remove_all("r");
  }
  write_config(bars + "x_label = \"\"\njoin = true\nlog_x = false\n");
  EXPECT_EQ(answer().status, 0) << "which say what happens anyway";
}

TEST_F(Answer, WhatAFigureCannotShowIsOneLine) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"x = \"sampling.seed\"\nlog_x = true\n", "log_x needs an x of numbers above 0"},
      {"x = \"topology.length\"\nceiling = \"all\"\n", "ceiling comes from certificates"}};
  for (const auto& [figure, message] : cases) {
    write_config(kFigure.substr(0, kFigure.find("x = ")) + "series = [\"topology.length\"]\n" + figure);
    const Ended ended = answer();
    EXPECT_EQ(ended.status, 3) << figure;
    EXPECT_NE(ended.err.find(message), std::string::npos) << figure << ended.err;
    EXPECT_EQ(ended.err.find("Traceback"), std::string::npos) << ended.err;
    fs::remove_all("r");
  }
}

TEST_F(Answer, TheBestOfACostIsTheSmallest) {
  const std::string best =
      "x = \"drafter.acceptance\"\nseries = [\"drafter.kind\"]\nbest_over = \"topology.length\"\n";
  write("c.toml", "experiment = \"e\"\n" + kSynthetic +
                      "[sweep]\ntopology.length = [2, 4]\ndrafter.acceptance = [0.5, 0.9]\n[figure]\ntitle = "
                      "\"Words.\"\ny = [\"priced_step_cost\"]\n" +
                      best);
  ASSERT_EQ(answer().status, 0);
  const std::string all = content("r/e.svg");
  ASSERT_EQ(answer({"--set", "topology.length=2", "--set", "experiment=two"}).status, 0);
  // Both have the costs of length 2, on an axis of the same numbers.
  const auto numbers = [](const std::string& svg) {
    std::vector<std::string> found;
    for (std::size_t end = svg.find("</text>"); end != std::string::npos;
         end = svg.find("</text>", end + 1)) {
      const std::string text = svg.substr(svg.rfind('>', end) + 1, end - svg.rfind('>', end) - 1);
      if (text.find_first_not_of("0123456789.") == std::string::npos) found.push_back(text);
    }
    return found;
  };
  EXPECT_GT(numbers(all).size(), 4u);
  EXPECT_EQ(numbers(all), numbers(content("r/two.svg")));
}

TEST_F(Answer, SeveralValuesOfAFigureSettingAreAList) {
  write_config();
  ASSERT_EQ(answer({"--set", "figure.y=tokens_per_step,priced_step_cost"}).status, 0);
  EXPECT_NE(content("r/e.svg").find("Step cost, priced"), std::string::npos);
  const Ended ended = answer({"--set", "figure.title=a,b"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_NE(ended.err.find("figure.title"), std::string::npos) << ended.err;
}

TEST_F(Answer, AQuantityThatIsNoMetricRunsNothing) {
  write_config("[figure]\ntitle = \"Words.\"\ny = [\"priced_speedupp\"]\nseries = \"drafter.kind\"\n");
  const Ended ended = answer();
  EXPECT_EQ(ended.status, 3);
  EXPECT_NE(ended.err.find("figure.y = \"priced_speedupp\" is no metric, did you mean 'priced_speedup'?"),
            std::string::npos)
      << ended.err;
  EXPECT_FALSE(fs::exists("r"));
}

TEST_F(Answer, AMisspeltFigureRunsNothing) {
  write_config(kFigure + "serie = [\"drafter.kind\"]\n");
  const Ended ended = answer();
  EXPECT_EQ(ended.status, 3);
  EXPECT_NE(ended.err.find("figure.serie is not a setting here, did you mean 'series'?"), std::string::npos)
      << ended.err;
  EXPECT_FALSE(fs::exists("r"));
}

TEST_F(Answer, WithoutAFigureThereIsNone) {
  write_config("");
  const Ended ended = answer();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_NE(ended.out.find("no figure: the config has no [figure]"), std::string::npos) << ended.out;
}

TEST_F(Answer, EveryShippedFigureIsRead) {
  int figures = 0;
  for (const auto& entry : fs::directory_iterator(project_files() / "configs")) {
    if (entry.path().extension() != ".toml") continue;
    const std::string text = content(entry.path());
    const std::size_t at = text.find("\n[figure]\n");
    if (at == std::string::npos) continue;
    ++figures;
    write_config(text.substr(at) + "\n");
    const Ended ended = answer({"--set", "experiment=" + entry.path().stem().string()});
    EXPECT_EQ(ended.err.find("is not a setting here"), std::string::npos) << entry.path() << ended.err;
  }
  EXPECT_GT(figures, 9);
}

}  // namespace
}  // namespace speclab
