#include "core/models/tokenizer/byte_alphabet.h"

#include <array>

#include "core/settings/utf8.h"

namespace speclab {
namespace {

constexpr int kCharacters = 256 + 68;  // 68 bytes are not printable and stand from U+0100 on

struct Alphabet {
  std::array<std::string, 256> printable;
  std::array<int, kCharacters> byte;

  Alphabet() {
    byte.fill(-1);
    char32_t substitute = 256;
    for (int i = 0; i < 256; ++i) {
      const bool shows = (i >= '!' && i <= '~') || (i >= 0xA1 && i <= 0xAC) || i >= 0xAE;
      const char32_t character = shows ? static_cast<char32_t>(i) : substitute++;
      append_utf8(printable[i], character);
      byte[character] = i;
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

void append_as_printable(std::string& text, std::string_view bytes) {
  for (const char c : bytes) text += alphabet().printable[static_cast<unsigned char>(c)];
}

std::optional<std::string> bytes_of_printable(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char32_t character = next_character(text, at);
    if (character >= kCharacters || alphabet().byte[character] < 0) return std::nullopt;
    bytes += static_cast<char>(alphabet().byte[character]);
  }
  return bytes;
}

}  // namespace speclab
