#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace speclab {

// GPT-2's one-to-one map from bytes to printable characters.
void append_as_printable(std::string& text, std::string_view bytes);

// The bytes that a printable text stands for; none if it holds a character outside the alphabet.
std::optional<std::string> bytes_of_printable(std::string_view text);

}  // namespace speclab
