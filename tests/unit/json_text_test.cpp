#include "core/settings/json_text.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/settings/text_file.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

std::string complaint(const std::string& text) {
  try {
    parse_json(text, "x.json:7");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') +
         std::string(static_cast<std::size_t>(levels), ']');
}

TEST(JsonTextTest, AsManyLevelsAsAllowedAndNoMore) {
  EXPECT_EQ(complaint(nested(kMaxJsonLevels)), "");
  EXPECT_EQ(complaint(nested(kMaxJsonLevels + 1)), "x.json:7: is nested more than 256 levels deep");
  EXPECT_EQ(complaint(nested(65'500)), "x.json:7: is nested more than 256 levels deep");
  EXPECT_EQ(complaint(R"({"a": )" + nested(65'500) + "}"), "x.json:7: is nested more than 256 levels deep");
}

TEST(JsonTextTest, AKeyStandsOnceInAnObject) {
  EXPECT_EQ(complaint(R"({"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]})"), "");
  EXPECT_EQ(complaint(R"({"a": 1, "b": {}, "a": 2})"), R"(x.json:7: names the key "a" twice in one object)");
}

TEST(JsonTextTest, SaysWhatIsNotJson) {
  EXPECT_EQ(parse_json(R"({"a": 1.5})", "")["a"], 1.5);
  EXPECT_NE(complaint("{").find("x.json:7: is not JSON: parse error at line 1"), std::string::npos);
  EXPECT_NE(complaint("").find("is not JSON"), std::string::npos);
  EXPECT_NE(complaint(R"({"a": 1e400})").find("1e400"), std::string::npos);
  EXPECT_NE(complaint("\"\xff\"").find("UTF-8"), std::string::npos);
}

TEST(TextFileTest, OnlyRegularFilesAreOpened) {
  const TemporaryFolder folder;
  const std::filesystem::path pipe = folder.path() / "pipe", file = folder.path() / "file";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::ofstream(file) << "abc";
  std::filesystem::create_symlink(file, folder.path() / "link");
  EXPECT_EQ(read_text_file(folder.path() / "link"), "abc");
  EXPECT_THROW(read_text_file(pipe), ConfigError);
  EXPECT_THROW(read_text_file(folder.path()), ConfigError);
  EXPECT_THROW(read_text_file(folder.path() / "none"), ConfigError);
  EXPECT_THROW(read_text_file(file, 2), ConfigError);
  EXPECT_THROW(require_regular_file("/dev/zero"), ConfigError);
}

}  // namespace
}  // namespace speclab
