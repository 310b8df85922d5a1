#include "core/printable.h"

#include <utf8proc.h>

namespace speclab {
namespace {

std::string without_controls(std::string_view text, std::string_view kept) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &code);
    const std::size_t taken = length > 0 ? static_cast<std::size_t>(length) : 1;
    const bool control =
        code < 0x20 ? kept.find(text[i]) == std::string_view::npos : code >= 0x7f && code < 0xa0;
    result += length <= 0 || control ? kReplacement : text.substr(i, taken);
    i += taken;
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) { return without_controls(text, "\t\n\r"); }

std::string printable_line(std::string_view text) { return without_controls(text, "\t"); }

}  // namespace speclab
