#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace speclab {

// A stretch of a text, in bytes.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool match = false;
};

// Whose \w it is: that of patterns in a tokenizer.json, or that of the reference's own components, written
// with Rust's regex crate, which has joiners and lacks superscripts and fractions.
enum class Dialect { oniguruma, rust };

// How many steps expensive matches on one text may take, all of them together. Matches of a few steps are
// free.
class MatchSteps {
 public:
  explicit MatchSteps(std::size_t bytes);  // of the text
  bool take(std::size_t steps);            // false, and nothing changes, where fewer are left
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_, left_;
};

// A compiled pattern in the dialect of tokenizer.json (Oniguruma's Ruby syntax), run by PCRE2.
// Texts must be valid UTF-8. Safe to share among threads.
class Regex {
 public:
  // ConfigError if the pattern is malformed or would mean something else to PCRE2.
  static Regex compile(std::string_view pattern, Dialect dialect = Dialect::oniguruma);
  static Regex literal(std::string_view text);

  // The whole text in order: matches and what lies between. Empty texts have one span, no match. ConfigError
  // where expensive matches take more steps than are left, as of a pattern that backtracks without end.
  std::vector<Span> cover(std::string_view text, MatchSteps& steps) const;
  bool matches_at_start(std::string_view text) const;  // a match begins at byte 0

 private:
  struct Code;
  explicit Regex(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  static Regex from_pcre2(const std::string& pattern, std::string_view shown);
  std::shared_ptr<const Code> code_;
};

// ConfigError where what a tokenizer makes of a text has more bytes than any prompt: replacements in turn can
// double it every time.
void check_growth(std::size_t bytes);

// Every match replaced by `content`, taken literally; what comes out is checked to be of bounded size.
std::string replace_all(const Regex& pattern, std::string_view text, std::string_view content,
                        MatchSteps& steps);

}  // namespace speclab
