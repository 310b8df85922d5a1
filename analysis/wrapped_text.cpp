#include "analysis/wrapped_text.h"

namespace speclab {

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string lines, line;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find(' ', at);
    end = end == std::string_view::npos ? text.size() : end;
    const std::string word(text.substr(at, end - at));
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) {
      lines += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return lines + line;
}

}  // namespace speclab
