#include "core/settings/printable.h"

#include <utf8proc.h>

namespace speclab {
namespace {

bool ends_line(std::string_view text, std::size_t at) {
  return text[at] == '\n' || text.substr(at).starts_with("\r\n");
}

std::string without_controls(std::string_view text, bool one_line) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &code);
    const std::size_t taken = length > 0 ? static_cast<std::size_t>(length) : 1;
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const bool kept = code == '\t' || (!one_line && ends_line(text, i));
    result += length <= 0 || (control && !kept) ? kReplacement : text.substr(i, taken);
    i += taken;
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) { return without_controls(text, false); }

std::string printable_line(std::string_view text) { return without_controls(text, true); }

}  // namespace speclab
