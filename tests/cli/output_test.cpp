// What the program prints when all is well.
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "tests/cli/sweeps.h"
#include "tests/support/project_files.h"

namespace speclab {
namespace {

class Output : public SweepTest {
 protected:
  static std::string said(const std::vector<std::string>& arguments) {
    const Ended ended = speclab(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.err, "");
    EXPECT_TRUE(ended.out.ends_with('\n')) << ended.out;
    return ended.out;
  }
  static void expect_in(const std::string& text, const std::vector<std::string>& fragments) {
    for (const std::string& fragment : fragments) {
      EXPECT_NE(text.find(fragment), std::string::npos) << '"' << fragment << "\" is not in: " << text;
    }
  }
  static void make_result() {
    write("c.toml", "experiment = \"e\"\n" + kSynthetic + "[sweep]\ntopology.length = [2, 4]\n");
    ASSERT_EQ(sweep("r").status, 0);
  }
};

TEST_F(Output, VersionNamesTheBuild) {
  EXPECT_TRUE(std::regex_match(
      said({"--version"}),
      std::regex(R"(speclab \d+\.\d+\.\d+ \(git ([0-9a-f]{7,}|unknown)(, with local changes)?\)\n)")));
}

TEST_F(Output, HelpListsTheCommands) {
  const std::string help = said({"--help"});
  expect_in(help, {"usage: speclab COMMAND", "  list ", "  run ", "  sweep ", "  report "});
  EXPECT_EQ(said({"help"}), help);
  EXPECT_EQ(said({"-h"}), help);
  const Ended without = speclab({});
  EXPECT_EQ(without.status, 3) << "it was told to do nothing";
  EXPECT_EQ(without.out, help);
}

TEST_F(Output, EveryCommandHasHelp) {
  expect_in(said({"list", "--help"}), {"usage: speclab list", "--help", "Topics: drafters"});
  expect_in(said({"run", "--help"}),
            {"usage: speclab run CONFIG.toml", "--set", "--results", "--text", "speclab run configs/"});
  expect_in(said({"sweep", "--help"}),
            {"usage: speclab sweep CONFIG.toml", "--set", "--results", "--jobs", "speclab sweep configs/"});
  expect_in(said({"report", "--help"}),
            {"usage: speclab report FILE", "--csv", "--json", "--markdown", "--metrics"});
}

TEST_F(Output, EveryTopicIsListed) {
  const std::map<std::string, std::vector<std::string>> topics = {
      {"drafters", {"none", "model", "ngram", "agreement", "drafter.max_ngram = 3", "also: "}},
      {"topologies", {"chain", "layered", "paths", "topology.length = 4", "num_speculative_tokens"}},
      {"rules", {"speculative_sampling", "greedy", "2211.17192"}},
      {"models", {"configs/models/speclab-target-", "configs/models/speclab-draft-"}},
      {"devices", {"h100-sxm", "GB/s", "TFLOP/s"}},
      {"shapes", {"llama-3.1-8b", "layers", "vocab"}},
      {"metrics", {"tokens_per_step [tokens]", "emitted / steps"}},
  };
  const std::string all = said({"list"});
  for (const auto& [topic, fragments] : topics) {
    const std::string one = said({"list", topic});
    expect_in(one, fragments);
    expect_in(all, {one});
  }
}

std::string longer_than_80(const std::string& text) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    // UTF-8's further bytes take no column.
    if (std::ranges::count_if(line, [](unsigned char c) { return (c & 0xc0) != 0x80; }) > 80) return line;
  }
  return "";
}

TEST_F(Output, HelpAndListsFit80Columns) {
  EXPECT_EQ(longer_than_80(said({"--help"})), "");
  for (const char* command : {"list", "run", "sweep", "certify", "report", "answer"})
    EXPECT_EQ(longer_than_80(said({command, "--help"})), "") << command;
  EXPECT_EQ(longer_than_80(said({"list"})), "");
  EXPECT_EQ(longer_than_80(said({"list", "settings"})), "");
}

TEST_F(Output, EveryHelpNamesTheExitStatuses) {
  for (const char* command : {"list", "run", "sweep", "certify", "report", "answer"})
    expect_in(said({command, "--help"}), {"exit status: 0 ", "3 error"});
  expect_in(said({"--help"}), {"exit status: 0 "});
}

TEST_F(Output, ListsTheSettingsOfSections) {
  const std::string all = said({"list", "settings"});
  expect_in(all, {"[target]", "[figure]", "[sweep]", "[[skip_if]]", "experiment = \"NAME\"",
                  "price.target_pass = 1.0"});
  const std::string some = said({"list", "settings", "clock", "price"});
  expect_in(some, {"[clock]", "clock.repeats = 3", "[price]"});
  EXPECT_EQ(some.find("[target]"), std::string::npos);
  EXPECT_EQ(speclab({"list", "settings", "clcok"}).status, 3);
}

TEST_F(Output, ThePageOfSettingsIsAsTheProgramMakesIt) {
  std::ifstream in(project_files() / "configs/SETTINGS.md");
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  EXPECT_TRUE(page == said({"list", "settings", "--markdown"}))
      << "configs/SETTINGS.md is made by `speclab list settings --markdown`; make it again";
}

TEST_F(Output, RunPrintsItsTableAndFile) {
  write("c.toml", "experiment = \"e\"\n" + kSynthetic);
  const std::string out = said({"run", "c.toml", "-o", "r"});
  expect_in(out, {"1 of 1 points done", "tokens/step", "agreement chain"});
  const auto result = files("r/e");
  ASSERT_EQ(result.size(), 1u);
  EXPECT_TRUE(out.ends_with("\n" + result.front().string() + "\n")) << out;
  EXPECT_EQ(said({"run", "c.toml", "-o", "r"}), out) << "prices do not change from run to run";
}

TEST_F(Output, ReportsAFileAFolderAndAPoint) {
  make_result();
  const std::string text = said({"report", "r/e.h5"});
  expect_in(text, {"e: 2 of 2 points done", "agreement chain(2)", "priced\n", "speedup"});
  std::istringstream printed(text);
  for (std::string line; std::getline(printed, line);)
    EXPECT_LE(line.size(), 84u) << line;  // ± has two bytes
  EXPECT_EQ(text.find('|'), std::string::npos);
  EXPECT_EQ(said({"report", "r/e"}), text);
  expect_in(said({"report", files("r/e").front()}), {"1 of 1 points done"});
  const std::string markdown = said({"report", "r/e.h5", "--markdown"});
  expect_in(markdown, {"| strategy |", "|---", "agreement chain"});
}

TEST_F(Output, ReportsCsv) {
  make_result();
  const std::string csv = said({"report", "r/e.h5", "--csv"});
  EXPECT_EQ(lines(csv), 3u);
  EXPECT_TRUE(csv.starts_with("key,label,strategy,")) << csv.substr(0, 100);
  expect_in(csv, {",tokens_per_step,tokens_per_step_low,tokens_per_step_high,",
                  "\"constant costs, draft/target = 0.1\""});
}

TEST_F(Output, ReportsJson) {
  make_result();
  const auto json = nlohmann::json::parse(said({"report", "r/e.h5", "--json"}));
  ASSERT_TRUE(json.is_array());
  ASSERT_EQ(json.size(), 2u);
  for (const auto& row : json) {
    EXPECT_GT(row.at("tokens_per_step").get<double>(), 1);
    EXPECT_LE(row.at("tokens_per_step_low"), row.at("tokens_per_step"));
    EXPECT_EQ(row.at("same_text"), 1);
    EXPECT_FALSE(row.contains("measured_speedup")) << "nothing was measured";
  }
  EXPECT_NE(json[0].at("topology.length"), json[1].at("topology.length"));
}

// The first block of Python in results/README.md, where there is pandas to run it.
TEST_F(Output, TheLinesThatReadAResultWork) {
  const std::string python = "/usr/bin/python3";
  if (run_program(python, {"-c", "import h5py, pandas"}).status != 0)
    GTEST_SKIP() << "pandas is not installed";
  write("c.toml",
        "experiment = \"EXPERIMENT\"\ntarget.kind = \"hashed\"\nclock.kind = \"analytic\"\n"
        "price.kind = \"constant\"\n[sweep]\ndrafter.kind = [\"agreement\", \"ngram\"]\n");
  ASSERT_EQ(sweep("results").status, 0);
  std::ifstream in(project_files() / "results/README.md");
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  const std::size_t begin = page.find("```python\n") + 10;
  const Ended ended = run_program(python, {"-c", page.substr(begin, page.find("```", begin) - begin)});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(lines(ended.out), 2u) << "one point is of n-grams: " << ended.out;
}

TEST_F(Output, FigureDataWritesOverNothingElse) {
  make_result();
  write("notes.toml", "experiment = \"mine\"\n");
  for (const char* there : {"r/e.h5", "notes.toml"}) {
    const auto before = std::filesystem::file_size(there);
    const Ended ended = speclab({"report", "r/e.h5", "--figure-data", there});
    EXPECT_EQ(ended.status, 3) << there;
    EXPECT_NE(ended.err.find(there), std::string::npos) << ended.err;
    EXPECT_EQ(std::filesystem::file_size(there), before);
  }
  for (int again = 0; again < 2; ++again)
    EXPECT_EQ(speclab({"report", "r/e.h5", "--figure-data", "f.h5"}).status, 0)
        << "figure data are made again";
  EXPECT_EQ(speclab({"report", "r/e.h5", "--csv", "--json"}).status, 3);
}

TEST_F(Output, WritesFigureData) {
  make_result();
  const Ended ended = speclab({"report", "r/e.h5", "--figure-data", "f.h5"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(hdf5_facts("f.h5").contains("/rows"));
}

}  // namespace
}  // namespace speclab
