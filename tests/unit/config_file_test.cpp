#include "experiments/config_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/errors.h"
#include "support/temporary_folder.h"

namespace speclab {
namespace {

Experiment read(const std::string& text) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "test.toml";
  std::ofstream(file) << text;
  return read_experiment(file);
}

TEST(ConfigFile, AxesMakeAProduct) {
  Experiment e = read(
      "[drafter]\nkind='model'\n[sweep]\ntopology.length=[1,2,3]\ndrafter.draw=['fixed','independent']\n");
  EXPECT_EQ(e.name, "test");
  const auto all = points(e);
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[5].config.sections["drafter"]["draw"], "independent");
  EXPECT_EQ(all[5].config.sections["topology"]["length"], 3);
  EXPECT_EQ(all[5].config.sections["drafter"]["kind"], "model");
}

TEST(ConfigFile, AWholeSectionCanBeAnAxis) {
  Experiment e = read(
      "[sweep]\ntopology=[{kind='chain',length=2},{kind='layered',widths=[3,1]}]\nsampling.temperature=[0,1]"
      "\n");
  const auto all = points(e);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].config.sections["topology"].dump(), R"({"kind":"chain","length":2})");
  EXPECT_EQ(all[3].config.sections["topology"].dump(), R"({"kind":"layered","widths":[3,1]})");
}

TEST(ConfigFile, SetOverridesOrMakesAnAxis) {
  Experiment e = read("[topology]\nlength=4\n[sweep]\nsampling.temperature=[0,1]\n");
  apply_set(e, "topology.length=8");
  apply_set(e, "sampling.temperature=0.5");
  auto all = points(e);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].config.sections["topology"]["length"], 8);
  EXPECT_EQ(all[0].config.sections["sampling"]["temperature"], 0.5);
  apply_set(e, "topology.widths=[3,2,1],[4,4]");
  apply_set(e, "topology.length=1..3");
  EXPECT_EQ(points(e).size(), 6u);
  apply_set(e, "drafter.kind=ngram");
  EXPECT_EQ(points(e)[0].config.sections["drafter"]["kind"], "ngram");
  EXPECT_THROW(apply_set(e, "length=3"), ConfigError);
  EXPECT_THROW(apply_set(e, "topologie.length=3"), ConfigError);
}

TEST(ConfigFile, SkipsWithAReason) {
  Experiment e = read(
      "skip_if=[{when={'drafter.kind'='ngram','sampling.temperature'=1},reason='too dull'}]\n"
      "[sweep]\ndrafter.kind=['ngram','model']\nsampling.temperature=[0,1]\n");
  int skipped = 0;
  for (const PointRequest& point : points(e)) skipped += point.skipped == "too dull" ? 1 : 0;
  EXPECT_EQ(skipped, 1);
}

TEST(ConfigFile, NamesFileAndLine) {
  const auto fails_with = [](const std::string& text, const std::string& fragment) {
    try {
      read(text);
      ADD_FAILURE() << text;
    } catch (const ConfigError& e) {
      EXPECT_NE(std::string(e.what()).find(fragment), std::string::npos) << e.what();
    }
  };
  fails_with("\n[topologie]\nlength=1\n",
             "test.toml:2: 'topologie' is not a section, did you mean 'topology'?");
  fails_with("[topology]\nlength=\n", "test.toml:2:");
  fails_with("[sweep]\ntopology.length=3\n", "test.toml:2: sweep.topology.length is to be a list");
  fails_with("[sweep]\ntopology=[1]\n", "is to be a list of tables");
  fails_with("[topology]\nlength=1979-05-27\n", "dates and times are no settings");
  fails_with("topology=3\n", "topology is a section");
  fails_with("experiment='a/b'\n", "plain name");
}

}  // namespace
}  // namespace speclab
