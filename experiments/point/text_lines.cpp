#include "experiments/point/text_lines.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "core/settings/utf8.h"

namespace speclab {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000 || c == 0xFEFF;
}

bool blank(std::string_view line) {
  for (std::size_t at = 0; at < line.size();)
    if (!space(next_character(line, at))) return false;
  return true;
}

// JSON begins with an ASCII character, of which UTF-16 and UTF-32 make a NUL and that character.
bool wide_characters(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
         (text.size() > 1 && (text[0] == '\0' || text[1] == '\0'));
}

struct Packing {
  std::string_view begins;  // the file
  const char* name;
  const char* unpack;  // a command, with the file's name where {} stands
};

using namespace std::string_view_literals;

constexpr const char* kInto = " > prompts.jsonl";
constexpr Packing kPackings[] = {
    {"\x1F\x8B", "compressed by gzip", "gzip -dc {}"},
    {"\x28\xB5\x2F\xFD", "compressed by zstd", "zstd -dc {}"},
    {"\xFD\x37zXZ\0"sv, "compressed by xz", "xz -dc {}"},
    {"BZh", "compressed by bzip2", "bzip2 -dc {}"},
    {"PK\x03\x04", "a zip archive", "unzip -p {}"},
    {"PAR1", "a Parquet file",
     "python3 -c \"import pandas; print(pandas.read_parquet('{}').to_json(orient='records', lines=True))\""},
};

void refuse_packed(std::string_view text, const std::filesystem::path& file) {
  for (const Packing& packing : kPackings) {
    if (!text.starts_with(packing.begins)) continue;
    throw ConfigError(fmt::format("{}: is {}, not text; unpack it: {}{}", file.string(), packing.name,
                                  fmt::format(fmt::runtime(packing.unpack), file.string()), kInto));
  }
}

}  // namespace

std::vector<TextLine> lines_of_text(std::string_view text, const std::filesystem::path& file) {
  refuse_packed(text, file);
  if (wide_characters(text)) {
    throw ConfigError(
        fmt::format("{}: is UTF-16 or UTF-32; save it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)", file.string()));
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<TextLine> lines;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    const TextLine line{text.substr(begin, end - begin), ++number};
    begin = end + (text.substr(end).starts_with("\r\n") ? 2 : 1);
    if (!valid_utf8(line.text)) {
      throw ConfigError(fmt::format("{}:{}: is not UTF-8; save the file as UTF-8", file.string(), number));
    }
    if (!blank(line.text)) lines.push_back(line);
  }
  return lines;
}

}  // namespace speclab
