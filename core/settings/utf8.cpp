#include "core/settings/utf8.h"

namespace speclab {
namespace {

struct Scanned {
  std::size_t size = 0;  // bytes of the character, or of the part that is not one
  bool valid = false;
};

bool between(unsigned char byte, unsigned low, unsigned high) { return byte >= low && byte <= high; }

// Table 3-7 of the Unicode standard: only the second byte's range depends on the first.
Scanned scan(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {1, true};
  std::size_t size = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (between(lead, 0xC2, 0xDF)) {
    size = 2;
  } else if (between(lead, 0xE0, 0xEF)) {
    size = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (between(lead, 0xF0, 0xF4)) {
    size = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < size; ++i) {
    if (at + i == bytes.size() || !between(byte(at + i), low, high)) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {size, true};
}

}  // namespace

bool valid_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const Scanned scanned = scan(bytes, at);
    if (!scanned.valid) return false;
    at += scanned.size;
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const Scanned scanned = scan(bytes, at);
    text += scanned.valid ? bytes.substr(at, scanned.size) : kReplacementCharacter;
    at += scanned.size;
  }
  return text;
}

std::size_t character_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

char32_t next_character(std::string_view text, std::size_t& at) {
  const std::size_t size = character_size(text[at]);
  const auto byte = static_cast<unsigned char>(text[at]);
  char32_t character = size == 1 ? byte : byte & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    character = (character << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  }
  at += size;
  return character;
}

void append_utf8(std::string& text, char32_t character) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80u | ((character >> shift) & 0x3Fu)); };
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += static_cast<char>(0xC0u | (character >> 6));
    tail(0);
  } else if (character < 0x10000) {
    text += static_cast<char>(0xE0u | (character >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0u | (character >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace speclab
