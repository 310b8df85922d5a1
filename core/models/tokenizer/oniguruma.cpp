#include "core/models/tokenizer/oniguruma.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/errors.h"
#include "core/models/tokenizer/unicode16.h"

namespace speclab {
namespace {

// Members for a class: what Unicode 16 has in a category, given by one or two letters, and PCRE2 may lack.
std::string later_members(std::string_view category) {
  std::string members;
  for (const CategoryRange& range : kUnicode16) {
    if (!range.category.starts_with(category)) continue;
    members += fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", static_cast<std::uint32_t>(range.first),
                           static_cast<std::uint32_t>(range.last));
  }
  return members;
}

std::string word_members(Dialect dialect) {
  const char* more = dialect == Dialect::rust ? "\\x{200C}\\x{200D}" : "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}";
  return std::string(more) + "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}" + later_members("L") + later_members("M") +
         later_members("Nd");
}

// The scripts that tokenizers name. PCRE2 would read a bare name as the script with its extensions.
constexpr std::array<std::string_view, 16> kScripts = {
    "Han",    "Hiragana", "Katakana", "Hangul", "Latin",   "Greek",   "Cyrillic",   "Arabic",
    "Hebrew", "Thai",     "Lao",      "Khmer",  "Tibetan", "Myanmar", "Devanagari", "Bopomofo"};

class Translation {
 public:
  Translation(std::string_view pattern, Dialect dialect) : pattern_(pattern), words_(word_members(dialect)) {}

  std::string run() {
    while (at_ < pattern_.size()) step();
    return std::move(out_);
  }

 private:
  bool ahead(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }

  void copy(std::size_t count) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }

  [[noreturn]] void refuse(std::string_view what) const {
    throw ConfigError(fmt::format("pattern '{}' uses {}, which is not supported", pattern_, what));
  }

  void step() {
    const char c = pattern_[at_];
    if (c == '\\') {
      escape();
    } else if (in_class_) {
      class_member(c);
    } else if (c == '[') {
      in_class_ = true;
      copy(ahead("[^") ? 2 : 1);
      if (ahead("]")) refuse("']' as the first member of a class");
    } else if (c == '(') {
      group();
    } else if (c == '{') {
      interval();
    } else {
      copy(1);
    }
  }

  void class_member(char c) {
    if (c == '[') refuse("a class or POSIX name inside a class");
    if (ahead("&&")) refuse("an intersection of classes");
    if (c == ']') in_class_ = false;
    copy(1);
  }

  void escape() {
    if (at_ + 1 == pattern_.size()) refuse("a backslash at its end");
    const char c = pattern_[at_ + 1];
    switch (c) {
      case 's':
        return replace("\\p{White_Space}");
      case 'S':
        return replace("\\P{White_Space}");
      case 'w':
        return replace(in_class_ ? words_ : fmt::format("[{}]", words_));
      case 'W':
        if (in_class_) refuse("\\W inside a class");
        return replace(fmt::format("[^{}]", words_));
      case 'h':
        return replace(in_class_ ? "0-9a-fA-F" : "[0-9a-fA-F]");
      case 'H':
        if (in_class_) refuse("\\H inside a class");
        return replace("[^0-9a-fA-F]");
      case 'b':
        return in_class_ ? copy(2)
                         : replace(fmt::format("(?:(?<=[{0}])(?![{0}])|(?<![{0}])(?=[{0}]))", words_));
      case 'B':
        if (in_class_) refuse("\\B inside a class");
        return replace(fmt::format("(?:(?<=[{0}])(?=[{0}])|(?<![{0}])(?![{0}]))", words_));
      case 'p':
      case 'P':
        return property();
      default:
        if (std::string_view("NORXyYKkgGMQEuUcCvVxo").find(c) != std::string_view::npos && !ahead("\\x{")) {
          refuse(fmt::format("\\{}", c));
        }
        return copy(2);
    }
  }

  void replace(std::string_view text) {
    out_ += text;
    at_ += 2;
  }

  void property() {
    const std::size_t open = at_ + 2;
    const std::size_t close = pattern_.find('}', open);
    if (open >= pattern_.size() || pattern_[open] != '{' || close == std::string_view::npos) {
      refuse("\\p without braces");
    }
    const bool caret = pattern_.substr(open + 1).starts_with('^');
    const bool inverted = caret != (pattern_[at_ + 1] == 'P');
    const std::string_view name = pattern_.substr(open + 1 + caret, close - open - 1 - caret);
    const bool script = std::ranges::find(kScripts, name) != kScripts.end();
    if (!script && (name.empty() || name.size() > 2 || name[0] == 'C')) {
      refuse(fmt::format("the property '{}'", name));
    }
    if (in_class_ && inverted) refuse("the opposite of a property inside a class");
    const std::string members =
        fmt::format("\\p{{{}{}}}{}", script ? "sc:" : "", name, script ? "" : later_members(name));
    out_ += in_class_ ? members : fmt::format("[{}{}]", inverted ? "^" : "", members);
    at_ = close + 1;
  }

  // Ruby's m lets a dot match a line's end: Perl's s.
  void group() {
    if (ahead("(*")) refuse("a verb");
    copy(1);
    if (!ahead("?")) return;
    const std::size_t end = pattern_.find_first_not_of("imx-", at_ + 1);
    if (end == std::string_view::npos || (pattern_[end] != ':' && pattern_[end] != ')')) {
      if (!ahead("?=") && !ahead("?!") && !ahead("?<=") && !ahead("?<!") && !ahead("?>")) {
        refuse("an unusual group");
      }
      return copy(1);
    }
    std::string options(pattern_.substr(at_, end - at_));
    std::ranges::replace(options, 'm', 's');
    if (options.find('x') != std::string::npos) refuse("(?x)");
    out_ += options;
    at_ = end;
  }

  // {n}, {n,} and {n,m}; behind them, Ruby reads + and ? as another repetition, Perl as a manner.
  void interval() {
    const std::size_t close = pattern_.find('}', at_);
    const std::string_view inside =
        close == std::string_view::npos ? "" : pattern_.substr(at_ + 1, close - at_ - 1);
    const bool counts = !inside.empty() && inside[0] != ',' &&
                        inside.find_first_not_of("0123456789,") == std::string_view::npos;
    if (!counts) refuse("a brace that is not {n}, {n,} or {n,m}");
    copy(close + 1 - at_);
    if (ahead("+") || ahead("?")) refuse("'+' or '?' after {n,m}");
  }

  std::string_view pattern_;
  std::string words_;  // members of a class
  std::size_t at_ = 0;
  bool in_class_ = false;
  std::string out_;
};

}  // namespace

std::string pcre2_from_oniguruma(std::string_view pattern, Dialect dialect) {
  return Translation(pattern, dialect).run();
}

}  // namespace speclab
