#include "core/settings/toml_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <vector>

#include "core/errors.h"
#include "core/settings/text_file.h"

namespace speclab {
namespace {

constexpr std::uintmax_t kMaxBytes = 1 << 24;

// Looks through a text before the parser does: what it refuses here the parser would not always.
class TomlScan {
 public:
  TomlScan(std::string_view text, const std::string& place) : text_(text), place_(place) {}

  void check() {
    check_characters();
    while (at_ < text_.size()) step();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw ConfigError(fmt::format("{}:{}: {}", place_, line_, what));
  }

  void check_characters() {
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text_.data());
    for (std::size_t i = 0; i < text_.size();) {
      utf8proc_int32_t code = 0;
      const utf8proc_ssize_t length =
          utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text_.size() - i), &code);
      if (length <= 0) fail("a byte is no UTF-8; save the file as UTF-8");
      i += static_cast<std::size_t>(length);
      if (code == '\n') ++line_;
      const bool spacing = code == '\t' || code == '\n' || code == '\r';
      if ((code < 0x20 && !spacing) || code == 0x7f)
        fail(fmt::format("the control character U+{:04X} may not stand in TOML", code));
    }
    line_ = 1;
  }

  // A character, a string or a comment.
  void step() {
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
      skip_string(c);
      return;
    }
    if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return;
    }
    ++at_;
    if (c == '\n') ++line_;
    if (c == '[' || c == '{') {
      open_.push_back(parts_);
      parts_ = 0;
    } else if ((c == ']' || c == '}') && !open_.empty()) {
      parts_ = open_.back();
      open_.pop_back();
      above_ -= parts_;
      return;
    } else if (c == '.') {
      ++parts_;
    } else if (c == ',' || c == '\n') {
      parts_ = 0;
    }
    if (c == '[' || c == '{') above_ += open_.back();
    if (static_cast<int>(open_.size()) + above_ + parts_ > kMaxTomlLevels)
      fail(fmt::format("is nested more than {} levels deep", kMaxTomlLevels));
  }

  void skip_string(char quote) {
    const std::string triple(3, quote);
    const bool several = text_.substr(at_, 3) == triple;
    at_ += several ? 3 : 1;
    while (at_ < text_.size()) {
      if (text_[at_] == '\n') ++line_;
      if (several ? text_.substr(at_, 3) == triple : text_[at_] == quote || text_[at_] == '\n') break;
      at_ += text_[at_] == '\\' && quote == '"' ? 2 : 1;
    }
    at_ = std::min(at_ + (several ? 3 : 1), text_.size());
  }

  std::string_view text_;
  const std::string& place_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<int> open_;      // dots before each bracket that is open
  int parts_ = 0, above_ = 0;  // dots of the key here, and of those around it
};

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& place) {
  TomlScan(text, place).check();
  try {
    return toml::parse(text, std::string_view(place));
  } catch (const toml::parse_error& error) {
    throw ConfigError(fmt::format("{}:{}: {}", place, error.source().begin.line, error.description()));
  }
}

toml::table parse_toml(const std::filesystem::path& file) {
  return parse_toml(read_text_file(file, kMaxBytes), file.string());
}

}  // namespace speclab
