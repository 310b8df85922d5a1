#pragma once

#include <array>

namespace speclab {

struct LetterRange {
  char32_t first = 0;
  char32_t last = 0;
  char32_t lower = 0;  // of the first; the others' follow
};

// Upper case letters of Unicode 16 and 17, which utf8proc 2.8 (Unicode 14) does not know and the reference's
// lower case does. Found by comparing every character with Hugging Face's tokenizers 0.23.3; older ones know
// fewer.
inline constexpr std::array<LetterRange, 10> kLaterLetters = {{
    {0x1C89, 0x1C89, 0x1C8A},
    {0xA7CB, 0xA7CB, 0x264},
    {0xA7CC, 0xA7CC, 0xA7CD},
    {0xA7CE, 0xA7CE, 0xA7CF},
    {0xA7D2, 0xA7D2, 0xA7D3},
    {0xA7D4, 0xA7D4, 0xA7D5},
    {0xA7DA, 0xA7DA, 0xA7DB},
    {0xA7DC, 0xA7DC, 0x19B},
    {0x10D50, 0x10D65, 0x10D70},
    {0x16EA0, 0x16EB8, 0x16EBB},
}};

}  // namespace speclab
