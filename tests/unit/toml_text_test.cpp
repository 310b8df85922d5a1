#include "core/settings/toml_text.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/errors.h"
#include "experiments/config/config_file.h"
#include "experiments/sweep/points.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_toml(text, "f");
    return "it was read";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

TEST(TomlText, RefusesWhatMayNotStandInIt) {
  EXPECT_EQ(refusal("[\x02"), "f:1: the control character U+0002 may not stand in TOML");
  EXPECT_EQ(refusal("a = 1\n# \x7f"), "f:2: the control character U+007F may not stand in TOML");
  EXPECT_EQ(refusal("a = 1\nb = \"\xff\""), "f:2: a byte is no UTF-8; save the file as UTF-8");
  EXPECT_TRUE(refusal("a = 1\nb = = 2").starts_with("f:2: ")) << refusal("a = 1\nb = = 2");
}

TEST(TomlText, RefusesDeepNestingOfEveryKind) {
  const std::string deep = "f:1: is nested more than 64 levels deep";
  EXPECT_EQ(refusal("a = " + repeated("[", 60'000)), deep);
  EXPECT_EQ(refusal("a = " + repeated("{a=", 60'000)), deep);
  EXPECT_EQ(refusal(repeated("a.", 60'000) + "a = 1"), deep);
  EXPECT_EQ(refusal("[" + repeated("a.", 60'000) + "a]"), deep);
  EXPECT_EQ(refusal("a = " + repeated("{" + repeated("a.", 20) + "a = ", 10)), deep);
  EXPECT_EQ(refusal(repeated("\"a\" . ", 100) + "a = 1"), deep);
}

TEST(TomlText, CountsNeitherTextNorCommentsNorRepetition) {
  EXPECT_EQ(refusal("# " + repeated("[", 100) + "\na = \"" + repeated("[.\\\"", 100) + "\"\nb = '''\n" +
                    repeated("{{..\n", 100) + "'''\n" + repeated("[[a2.b]]\nc.d = [0.5, 0.25]\n", 100)),
            "it was read");
  EXPECT_EQ(refusal("a = [" + repeated("0.5, ", 1000) + "]"), "it was read");
}

TEST(TomlText, FilesAreRegular) {
  const TemporaryFolder folder;
  const std::filesystem::path pipe = folder.path() / "pipe.toml";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(read_experiment(pipe), ConfigError);
  EXPECT_THROW(read_experiment(folder.path()), ConfigError);
  EXPECT_THROW(read_experiment(folder.path() / "none.toml"), ConfigError);
}

TEST(ConfigFile, CountsOfPointsAreBounded) {
  Experiment experiment;
  EXPECT_THROW(apply_set(experiment, "topology.length=1..2000000000"), ConfigError);
  for (const char* setting : {"drafter.a", "drafter.b", "drafter.c"})
    apply_set(experiment, std::string(setting) + "=1..1000");
  EXPECT_THROW(points(experiment), ConfigError);
}

}  // namespace
}  // namespace speclab
