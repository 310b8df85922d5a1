#pragma once

#include <string_view>

namespace speclab {

// A line on standard error, whatever the text that it quotes from files: what would drive a terminal or end
// the line is U+FFFD.
void print_message(std::string_view text);

// The same of what a reader should know.
void print_note(std::string_view remark);

}  // namespace speclab
