#include "core/settings/params.h"

#include <gtest/gtest.h>

namespace speclab {
namespace {

using nlohmann::json;

std::string message(const std::function<void(Params&)>& read, const json& given) {
  Params p("topology", given, {{"topology.length", "x.toml:7"}});
  try {
    read(p);
    p.finish();
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

void read_chain(Params& p) {
  p.text({"kind"}, "chain", "which");
  p.integer({"length", "k", "gamma"}, 4, {.min = 1, .max = 100}, "guesses");
}

TEST(Params, SaysWhatIsWrongWhereAndWhatWouldBeRight) {
  EXPECT_EQ(message(read_chain, {{"lenght", 3}}),
            "topology.lenght is not a setting here, did you mean 'length'?; known: kind, length (k, gamma)");
  EXPECT_EQ(message(read_chain, {{"gama", 3}}),
            "topology.gama is not a setting here, did you mean 'gamma'?; known: kind, length (k, gamma)");
  EXPECT_EQ(message(read_chain, {{"length", -3}}),
            "topology.length = -3 must be at least 1 and at most 100 (x.toml:7)");
  EXPECT_EQ(message(read_chain, {{"length", 101}}),
            "topology.length = 101 must be at least 1 and at most 100 (x.toml:7)");
  EXPECT_EQ(message(read_chain, {{"length", "four"}}),
            "topology.length = \"four\" is not a whole number (x.toml:7)");
  EXPECT_EQ(message(read_chain, {{"length", 2.5}}), "topology.length = 2.5 is not a whole number (x.toml:7)");
  EXPECT_EQ(message(read_chain, {{"length", 1}, {"k", 2}}),
            "topology.k and its other name length are both set");
  EXPECT_EQ(message([](Params& p) { p.required_text({"path"}, "a folder"); }, json::object()),
            "topology.path is required: a folder");
  EXPECT_EQ(message([](Params& p) { p.number({"top_p"}, 1, {.min = 0, .max = 1, .open_min = true}, ""); },
                    {{"top_p", 0}}),
            "topology.top_p = 0 must be above 0 and at most 1");
  EXPECT_EQ(message(
                [](Params& p) {
                  p.choose<int>({"kind"}, {{"a", 1}, {"b", 2}}, "");
                },
                {{"kind", "c"}}),
            "topology.kind = 'c' is none of: a, b");
  EXPECT_EQ(message([](Params& p) { p.paths({"paths"}, {}, ""); }, {{"paths", {1, 2}}}),
            "topology.paths is not a list of paths such as [[0], [1], [0, 0]]");
  EXPECT_EQ(message(read_chain, {{"length", 7}}), "");
  EXPECT_THROW(Params("topology", json(3)), ConfigError);
}

TEST(Params, ResolvesAliasesAndDefaultsUnderTheName) {
  Params p("topology", {{"gamma", 7}});
  read_chain(p);
  p.finish();
  EXPECT_EQ(p.resolved(), (std::map<std::string, json>{{"kind", "chain"}, {"length", 7}}));
}

// What reads them is the same, whatever they are called.
std::string length_of(const json& given, const std::map<std::string, std::string>& places) {
  Params p("topology", given, places);
  try {
    p.text({"kind", "method"}, "chain", "which");
    const int length = p.guesses({"length", "k", "gamma"}, {"size", "nodes"}, 4, {.min = 1}, "guesses");
    p.finish();
    return std::to_string(length) + " " + json(p.resolved()).dump();
  } catch (const ConfigError& e) {
    return e.what();
  }
}

TEST(Params, TheCommandLineGoesBeforeAFileUnderEveryName) {
  const std::string chain7 = R"(7 {"kind":"chain","length":7})";
  const std::string length = "topology.length", gamma = "topology.gamma", size = "topology.size";
  EXPECT_EQ(length_of({{"length", 4}, {"gamma", 7}}, {{length, "x.toml:7"}, {gamma, "--set"}}), chain7);
  EXPECT_EQ(length_of({{"length", 7}, {"gamma", 4}}, {{length, "--set"}, {gamma, "x.toml:7"}}), chain7);
  EXPECT_EQ(length_of({{"length", 4}, {"size", 8}}, {{length, "x.toml:7"}, {size, "--set"}}), chain7)
      << "a name that counts the root";
  EXPECT_EQ(length_of({{"length", 7}, {"size", 4}}, {{length, "--set"}, {size, "x.toml:7"}}), chain7);
  EXPECT_EQ(length_of({{"size", 4}, {"nodes", 8}}, {{size, "x.toml:7"}, {"topology.nodes", "--set"}}),
            chain7);
  EXPECT_EQ(length_of({{"kind", "a"}, {"method", "chain"}, {"k", 7}}, {{"topology.method", "--set"}}),
            chain7);
  EXPECT_EQ(length_of({{"length", 4}, {"gamma", -1}}, {{length, "x.toml:7"}, {gamma, "--set"}}),
            "topology.length = -1 must be at least 1 (--set)");
  EXPECT_EQ(length_of({{"length", 4}, {"size", 1}}, {{length, "x.toml:7"}, {size, "--set"}}),
            "topology.size = 1 must be at least 2 (--set)");
}

TEST(Params, TwoNamesOfOneSettingInOnePlaceAreAMistake) {
  const std::string length = "topology.length", gamma = "topology.gamma", size = "topology.size";
  EXPECT_EQ(length_of({{"length", 4}, {"gamma", 7}}, {{length, "x.toml:7"}, {gamma, "x.toml:8"}}),
            "topology.gamma and its other name length are both set (x.toml:8)");
  EXPECT_EQ(length_of({{"length", 4}, {"size", 7}}, {{length, "--set"}, {size, "--set"}}),
            "topology.size and its other name length are both set (--set)");
  EXPECT_EQ(length_of({{"k", 4}, {"gamma", 7}, {"size", 8}},
                      {{"topology.k", "x.toml:7"}, {gamma, "x.toml:8"}, {size, "--set"}}),
            "topology.gamma and its other name k are both set (x.toml:8)")
      << "the file is wrong, whatever the command line says";
}

TEST(Params, ListingReadsWithoutWhatIsRequired) {
  Params p = Params::listing("target", {{"unread", 1}});
  EXPECT_EQ(p.required_text({"path", "model"}, "a folder"), "");
  p.choose<int>({"precision"}, {{"stored", 1}, {"int8", 2}}, "how");
  p.number({"top_p"}, 1, {.min = 0, .max = 1, .open_min = true}, "share");
  p.finish();
  ASSERT_EQ(p.notes().size(), 3u);
  EXPECT_EQ(p.notes()[0].fallback, "required");
  EXPECT_EQ(p.notes()[0].aliases, std::vector<std::string>{"model"});
  EXPECT_EQ(p.notes()[1].values, "stored, int8");
  EXPECT_EQ(p.notes()[2].values, "number, above 0 and at most 1");
}

TEST(Params, OneAndOnePointZeroAreOneSetting) {
  Params whole("s", {{"t", 1}}), real("s", {{"t", 1.0}});
  whole.number({"t"}, 0, {}, "");
  real.number({"t"}, 0, {}, "");
  EXPECT_EQ(whole.resolved().at("t").dump(), real.resolved().at("t").dump());
}

}  // namespace
}  // namespace speclab
