#include "core/params.h"

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
  p.integer({"length", "k", "gamma"}, 4, {.least = 1, .most = 100}, "guesses");
}

TEST(Params, SaysWhatIsWrongWhereAndWhatWouldBeRight) {
  EXPECT_EQ(message(read_chain, {{"lenght", 3}}),
            "topology.lenght is not a setting here, did you mean 'length'?; known: kind, length");
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
  EXPECT_EQ(
      message([](Params& p) { p.number({"top_p"}, 1, {.least = 0, .most = 1, .open_least = true}, ""); },
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

TEST(Params, OneAndOnePointZeroAreOneSetting) {
  Params whole("s", {{"t", 1}}), real("s", {{"t", 1.0}});
  whole.number({"t"}, 0, {}, "");
  real.number({"t"}, 0, {}, "");
  EXPECT_EQ(whole.resolved().at("t").dump(), real.resolved().at("t").dump());
}

}  // namespace
}  // namespace speclab
