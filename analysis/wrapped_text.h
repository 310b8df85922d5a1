#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace speclab {

// Code points of UTF-8; all that this program prints are one column wide.
std::size_t text_width(std::string_view text);

// The text in lines of at most `width` characters, broken at blanks; every line but the first begins with
// `indent` of them, and of the first `begun` characters are taken to be there already.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width, std::size_t begun);
inline std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = 80) {
  return wrapped(text, indent, width, indent);
}

}  // namespace speclab
