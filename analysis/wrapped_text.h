#pragma once

#include <string>
#include <string_view>

namespace speclab {

// The text in lines of at most `width` characters, broken at blanks; every line but the first begins with
// `indent` of them, and the first is taken to stand there already.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = 80);

}  // namespace speclab
