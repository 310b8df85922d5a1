#include "analysis/wrapped_text.h"

#include <algorithm>

namespace speclab {

std::size_t text_width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width, std::size_t begun) {
  std::string lines, line;
  bool words = false;  // has the line any
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::size_t next = std::min(text.find_first_not_of(' ', end), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (words && begun + text_width(line) + text_width(word) > width) {
      line.erase(line.find_last_not_of(' ') + 1);
      lines += line + "\n" + std::string(indent, ' ');
      line.clear();
      begun = indent;
      words = false;
    }
    line += text.substr(at, next - at);
    words = words || !word.empty();
    at = next;
  }
  return lines + line;
}

}  // namespace speclab
