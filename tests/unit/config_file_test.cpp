#include "experiments/config/config_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "core/errors.h"
#include "experiments/sweep/points.h"
#include "tests/support/temporary_folder.h"

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
  e = read("[topology]\nlength=4\n");
  apply_set(e, "topology.widths=[3,2,1],[4,4]");
  apply_set(e, "topology.length=1..3");
  EXPECT_EQ(points(e).size(), 6u);
  apply_set(e, "drafter.kind=ngram");
  EXPECT_EQ(points(e)[0].config.sections["drafter"]["kind"], "ngram");
  EXPECT_THROW(apply_set(e, "length=3"), ConfigError);
  EXPECT_THROW(apply_set(e, "topologie.length=3"), ConfigError);
}

TEST(ConfigFile, SetNamesTheExperiment) {
  Experiment e = read("experiment='a'\n[topology]\nlength=4\n");
  apply_set(e, "experiment=b");
  EXPECT_EQ(e.name, "b");
  EXPECT_EQ(points(e).front().config.sections.dump(), R"({"topology":{"length":4}})");
  EXPECT_THROW(apply_set(e, "experiment=a/b"), ConfigError);
  EXPECT_THROW(apply_set(e, "experiment="), ConfigError);
}

TEST(ConfigFile, SetReachesIntoTables) {
  Experiment e = read("[drafter]\nkind='corrected'\nof={kind='model',draw='fixed'}\nnumbers=[1]\n");
  apply_set(e, "drafter.of.kind=ngram");
  apply_set(e, "drafter.inner.topology.length=3");
  const Config config = points(e).front().config;
  EXPECT_EQ(config.sections.at("drafter").at("of").dump(), R"({"draw":"fixed","kind":"ngram"})");
  EXPECT_EQ(config.sections.at("drafter").at("inner").dump(), R"({"topology":{"length":3}})");
  EXPECT_EQ(config.places.at("drafter.of.kind"), "--set");
  apply_set(e, "drafter.numbers.first=3");
  EXPECT_THROW(points(e), ConfigError);
}

TEST(ConfigFile, WhatSetGivesTwiceOrNotAtAllIsRefused) {
  const auto refuses = [](const std::vector<std::string>& sets, const std::string& message) {
    Experiment e = read("[topology]\nlength=4\n[sweep]\nsampling.temperature=[0,1]\n");
    try {
      for (const std::string& set : sets) apply_set(e, set);
      ADD_FAILURE() << sets.back();
    } catch (const ConfigError& error) {
      EXPECT_EQ(std::string(error.what()), message);
    }
  };
  refuses({"topology.length=8", "topology.length=8"}, "--set topology.length: --set gives it already");
  refuses({"topology.length=1,2", "topology.length=8"}, "--set topology.length: --set gives it already");
  refuses({"topology.length=8", "topology.length=1..2"}, "--set topology.length: --set gives it already");
  const std::string missing = ": a value is missing; a text that is empty is written \"\"";
  refuses({"topology.length="}, "--set topology.length=" + missing);
  refuses({"topology.length=1,,2"}, "--set topology.length=1,,2" + missing);
  refuses({"topology.length=1,"}, "--set topology.length=1," + missing);
  const std::string form = ": write section.key=value, such as topology.length=1,2,4";
  refuses({"topology.=1"}, "--set topology.=1" + form);
  refuses({"topology=1"}, "--set topology=1" + form);
  refuses({"topology.length"}, "--set topology.length" + form);
  Experiment e = read("[topology]\nlength=4\n");
  apply_set(e, "drafter.corpus=\"\"");
  EXPECT_EQ(points(e).front().config.sections.at("drafter").at("corpus"), "");
}

std::vector<std::string> sections_of(const Experiment& e, const std::string& section) {
  std::vector<std::string> all;
  for (const PointRequest& point : points(e)) all.push_back(point.config.sections.at(section).dump());
  return all;
}

TEST(ConfigFile, AnotherKindLeavesTheFilesSettingsOfTheFormerOut) {
  const std::string chain = "[topology]\nkind='chain'\nlength=4\n";
  Experiment e = read(chain);
  apply_set(e, "topology.kind=layered");
  Config config = points(e).front().config;
  EXPECT_EQ(config.sections.at("topology").dump(), R"({"kind":"layered"})");
  ASSERT_EQ(config.remarks.size(), 1u);
  EXPECT_TRUE(config.remarks[0].starts_with("topology.length (")) << config.remarks[0];
  EXPECT_TRUE(config.remarks[0].ends_with(
      "test.toml:3) left out: a matter of topology.kind = chain, not of layered"));
  e = read("[topology]\nnum_speculative_tokens=4\n");  // a chain, by another name
  apply_set(e, "topology.method=layered");
  EXPECT_EQ(sections_of(e, "topology"), std::vector<std::string>{R"({"method":"layered"})"});
  e = read(chain + "lenght=5\n");
  apply_set(e, "topology.kind=layered");
  EXPECT_EQ(sections_of(e, "topology"), std::vector<std::string>{R"({"kind":"layered","lenght":5})"})
      << "what is no setting of either stays, to be refused";
  e = read(chain);
  apply_set(e, "topology.kind=layered");
  apply_set(e, "topology.length=5");
  EXPECT_EQ(sections_of(e, "topology"), std::vector<std::string>{R"({"kind":"layered","length":5})"})
      << "so does what the command line asks for";
  e = read(chain);
  apply_set(e, "topology.kind=confident");
  EXPECT_EQ(sections_of(e, "topology"), std::vector<std::string>{R"({"kind":"confident","length":4})"})
      << "and what both have";
  EXPECT_TRUE(points(e).front().config.remarks.empty());
}

TEST(ConfigFile, AnAxisOverKindsGivesEachWhatIsItsOwn) {
  Experiment e = read("[topology]\nlength=4\nwidths=[2,2]\n[sweep]\ntopology.kind=['chain','layered']\n");
  EXPECT_EQ(sections_of(e, "topology"), (std::vector<std::string>{R"({"kind":"chain","length":4})",
                                                                  R"({"kind":"layered","widths":[2,2]})"}));
  e = read("[sweep]\ntopology=[{kind='chain',length=2},{kind='layered',widths=[3,1]}]\n");
  apply_set(e, "topology.length=7");
  EXPECT_EQ(sections_of(e, "topology"), (std::vector<std::string>{R"({"kind":"chain","length":7})",
                                                                  R"({"kind":"layered","widths":[3,1]})"}));
  apply_set(e, "topology.kind=chain");
  EXPECT_EQ(sections_of(e, "topology"), (std::vector<std::string>(2, R"({"kind":"chain","length":7})")));
}

TEST(ConfigFile, KindsOfOtherSectionsLikewise) {
  Experiment e = read(
      "[target]\npath='m'\n[draft2]\npath='n'\n[clock]\nrepeats=5\n[workload]\nprompts='p'\nbatch=2\n"
      "[price]\ndevice='d'\ntarget='t'\n");
  for (const char* set :
       {"target.kind=hashed", "draft2.kind=markov", "clock.kind=analytic", "price.kind=constant"})
    apply_set(e, set);
  const Config config = points(e).front().config;
  EXPECT_EQ(config.sections.at("target").dump(), R"({"kind":"hashed"})");
  EXPECT_EQ(config.sections.at("draft2").dump(), R"({"kind":"markov"})");
  EXPECT_EQ(config.sections.at("clock").dump(), R"({"kind":"analytic"})");
  EXPECT_EQ(config.sections.at("price").dump(), R"({"kind":"constant"})");
  EXPECT_EQ(config.sections.at("workload").dump(), R"({"batch":2})")
      << "text has no place beside a made target";
  EXPECT_EQ(config.remarks.size(), 5u) << "one for each section";
}

TEST(ConfigFile, SkipsWithAReason) {
  Experiment e = read(
      "skip_if=[{when={'drafter.kind'='ngram','sampling.temperature'=1},reason='too dull'}]\n"
      "[sweep]\ndrafter.kind=['ngram','model']\nsampling.temperature=[0,1]\n");
  int skipped = 0;
  for (const PointRequest& point : points(e)) skipped += point.skipped == "too dull" ? 1 : 0;
  EXPECT_EQ(skipped, 1);
}

TEST(ConfigFile, SkipsUnderEveryNameOfASetting) {
  const auto skipped = [](const std::string& when, const std::string& sections) {
    const auto all = points(read("skip_if=[{when={" + when + "},reason='r'}]\n" + sections));
    return std::ranges::count(all, "r", &PointRequest::skipped);
  };
  const std::string lengths = "[sweep]\ntopology.length=[2,3,4]\n";
  for (const char* name : {"length", "gamma", "k", "num_speculative_tokens"})
    EXPECT_EQ(skipped(fmt::format("'topology.{}'=3", name), lengths), 1) << name;
  EXPECT_EQ(skipped("'topology.length'=3", "[sweep]\ntopology.gamma=[2,3,4]\n"), 1);
  // total_token counts the root too.
  const std::string kind = "[topology]\nkind='best_first'\n[sweep]\n";
  EXPECT_EQ(skipped("'topology.total_token'=11", kind + "topology.nodes=[10,12]\n"), 1);
  EXPECT_EQ(skipped("'topology.total_token'=11", kind + "topology.nodes=[11,12]\n"), 0);
  EXPECT_EQ(skipped("'topology.nodes'=10", kind + "topology.total_token=[10,11]\n"), 1);
  EXPECT_EQ(skipped("'topology.nodes'=11", kind + "topology.total_token=[10,11]\n"), 0);
  EXPECT_EQ(skipped("'topology.method'='chain'", "[sweep]\ntopology.kind=['chain','layered']\n"), 1);
  // `length` is jacobi's window, and that of no other drafter.
  EXPECT_EQ(skipped("'drafter.length'=3", "[drafter]\nkind='jacobi'\nwindow=3\n"), 1);
  EXPECT_EQ(skipped("'drafter.length'=3", "[drafter]\nkind='lookahead'\nwindow=3\n"), 0);
  EXPECT_EQ(
      skipped("'price.device_override.memory_gb'=3", "[price]\ndevice='d'\ndevice_override={memory_gb=3}\n"),
      1);
  EXPECT_EQ(skipped("'workload.batch_size'=2", "[target]\nkind='hashed'\n[workload]\nbatch=2\n"), 1);
}

TEST(ConfigFile, NamesFileAndLine) {
  const auto fails_with = [](const std::string& text, const std::string& fragment) {
    try {
      points(read(text));
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
  fails_with("\nskip_if=[{when={'topology.lenght'=3},reason='r'}]\n",
             "test.toml:2: \"topology.lenght\" is no setting: [topology] has none of that name, did you mean "
             "'length'?");
  fails_with("skip_if=[{when={'workload.promts'='p'},reason='r'}]\n", "did you mean 'prompts'?");
}

}  // namespace
}  // namespace speclab
