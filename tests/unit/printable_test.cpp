#include "core/settings/printable.h"

#include <gtest/gtest.h>

#include "core/settings/utf8.h"

namespace speclab {
namespace {

const std::string kGone(kReplacementCharacter);

// Unicode's category Cc, whole.
TEST(Printable, EveryControlCharacterIsReplaced) {
  for (char32_t code = 0; code < 0x100; ++code) {
    std::string character;
    append_utf8(character, code);
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const bool spacing = code == '\t' || code == '\n';
    EXPECT_EQ(printable(character), control && !spacing ? kGone : character) << static_cast<int>(code);
    EXPECT_EQ(printable_line(character), control && code != '\t' ? kGone : character)
        << static_cast<int>(code);
  }
}

TEST(Printable, BytesThatAreNoTextAreReplacedAndTheRestStays) {
  EXPECT_EQ(printable("\xe2\x82\xac 1\xff\xc2"), "\xe2\x82\xac 1" + kGone + kGone);
  EXPECT_EQ(printable("a\r\nb\x1b[2J\xc2\x9b"), "a\r\nb" + kGone + "[2J" + kGone);
  EXPECT_EQ(printable("a\rb\r\r\n"), "a" + kGone + "b" + kGone + "\r\n") << "back to the line's begin";
  EXPECT_EQ(printable_line("a\r\nb\tc"), "a" + kGone + kGone + "b\tc");
}

}  // namespace
}  // namespace speclab
