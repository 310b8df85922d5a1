#pragma once

#include <string>
#include <string_view>

namespace speclab {

// A file's text, fit to be printed: each byte that is no UTF-8, and each control character that is no tab and
// no line's end, becomes U+FFFD.
std::string printable(std::string_view text);

}  // namespace speclab
