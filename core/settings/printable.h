#pragma once

#include <string>
#include <string_view>

namespace speclab {

// A file's text, fit to be printed: each byte that is no UTF-8, and each control character (U+0000 to U+001F,
// U+007F to U+009F) that is no tab and no line's end (LF, CR LF), becomes U+FFFD.
std::string printable(std::string_view text);

// The same of what is to stay on one line: line ends become U+FFFD too.
std::string printable_line(std::string_view text);

}  // namespace speclab
