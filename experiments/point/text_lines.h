#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace speclab {

struct TextLine {
  std::string_view text;  // without the line's end
  int number = 0;         // counted from 1
};

// The lines of a file's text that are not blank, whichever line ends it has (LF, CR LF, CR) and behind a byte
// order mark. Blank are Unicode's spaces. ConfigError, with file and line, where the text is not UTF-8.
std::vector<TextLine> lines_of_text(std::string_view text, const std::filesystem::path& file);

}  // namespace speclab
