#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace speclab {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

bool valid_utf8(std::string_view bytes);

// Every maximal part that cannot begin or continue a character becomes one U+FFFD (the WHATWG way).
std::string replace_invalid_utf8(std::string_view bytes);

// The character that starts at `at`, which moves behind it. The text must be valid.
char32_t next_character(std::string_view text, std::size_t& at);

// Bytes of the character that begins with `lead`, in a valid text.
std::size_t character_size(char lead);

void append_utf8(std::string& text, char32_t character);

}  // namespace speclab
