#include "core/models/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <new>

#include "core/check.h"
#include "core/errors.h"
#include "core/models/tokenizer/oniguruma.h"
#include "core/settings/utf8.h"

namespace speclab {
namespace {

PCRE2_SPTR bytes(std::string_view text) {
  static const PCRE2_UCHAR nothing = 0;
  return text.empty() ? &nothing : reinterpret_cast<PCRE2_SPTR>(text.data());
}

template <class T>
T* allocated(T* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

// Of a match that begins at a given place: many more than patterns of published tokenizers take on words.
// PCRE2 counts them for each place anew.
constexpr std::size_t kFreeSteps = 64;
// Of all dearer matches on a text. Oniguruma, with which these patterns run elsewhere, gives one match 10
// million.
constexpr std::size_t kSteps = 1'000'000;
constexpr std::size_t kStepsPerByte = 128;
constexpr std::uint32_t kMaxHeap = 1u << 19;  // KiB

constexpr std::size_t kMaxText = std::size_t{1} << 23;

using MatchContext = std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)>;

MatchContext match_context() {
  MatchContext context(allocated(pcre2_match_context_create(nullptr)), &pcre2_match_context_free);
  pcre2_set_heap_limit(context.get(), kMaxHeap);
  return context;
}

using MatchData = std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)>;

}  // namespace

struct Regex::Code {
  pcre2_code* code = nullptr;
  std::string shown;  // the pattern as it was given

  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }

  MatchData match_data() const {
    return {allocated(pcre2_match_data_create_from_pattern(code, nullptr)), &pcre2_match_data_free};
  }

  // What PCRE2 says: a negative number, or that there is a match in `data`. At most so many steps for each
  // place where a match may begin.
  int run(std::string_view text, std::size_t from, std::uint32_t options, std::size_t steps,
          pcre2_match_data* data, pcre2_match_context* context) const {
    const auto max = static_cast<std::uint32_t>(std::min<std::size_t>(steps, UINT32_MAX));
    pcre2_set_match_limit(context, max);
    pcre2_set_depth_limit(context, max);
    options |= PCRE2_NO_UTF_CHECK;
    int found = pcre2_match(code, bytes(text), text.size(), from, options, data, context);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {  // the interpreter backtracks on the heap
      found = pcre2_match(code, bytes(text), text.size(), from, options | PCRE2_NO_JIT, data, context);
    }
    return found;
  }

  static bool limited(int found) {
    return found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_DEPTHLIMIT ||
           found == PCRE2_ERROR_HEAPLIMIT;
  }

  std::optional<Span> span(int found, std::string_view text, const pcre2_match_data* data) const {
    if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
    SPECLAB_CHECK(found >= 0, "PCRE2 gives up with error {} on a text of {} bytes", found, text.size());
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(const_cast<pcre2_match_data*>(data));
    return Span{ends[0], ends[1], true};
  }

  // The match that begins at `at`, with as many steps as it needs and as are left.
  std::optional<Span> find_at(std::string_view text, std::size_t at, MatchSteps& steps,
                              pcre2_match_data* data, pcre2_match_context* context) const {
    int found = run(text, at, PCRE2_ANCHORED, kFreeSteps, data, context);
    for (std::size_t max = kFreeSteps * 4; limited(found); max *= 4) {
      if (found == PCRE2_ERROR_HEAPLIMIT || !steps.take(max)) {
        throw ConfigError(fmt::format(
            "the tokenizer's pattern '{}' backtracks without end on a text of {} bytes: its matches may take "
            "{} steps together",
            shown, steps.bytes(), kSteps + kStepsPerByte * steps.bytes()));
      }
      found = run(text, at, PCRE2_ANCHORED, max, data, context);
    }
    return span(found, text, data);
  }

  std::optional<Span> find(std::string_view text, std::size_t from, MatchSteps& steps, pcre2_match_data* data,
                           pcre2_match_context* context) const {
    const int found = run(text, from, 0, kFreeSteps, data, context);
    if (!limited(found)) return span(found, text, data);
    for (std::size_t at = from; at <= text.size(); at += at < text.size() ? character_size(text[at]) : 1) {
      if (const std::optional<Span> match = find_at(text, at, steps, data, context)) return match;
    }
    return std::nullopt;
  }
};

Regex Regex::compile(std::string_view pattern, Dialect dialect) {
  return from_pcre2(pcre2_from_oniguruma(pattern, dialect), pattern);
}

Regex Regex::literal(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (std::string_view("\\^$.[]|()?*+{}-#").find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return from_pcre2(quoted, text);
}

Regex Regex::from_pcre2(const std::string& pattern, std::string_view shown) {
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      allocated(pcre2_compile_context_create(nullptr)), &pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE at = 0;
  auto code = std::make_shared<Code>();
  code->code = pcre2_compile(bytes(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error,
                             &at, context.get());
  if (code->code == nullptr) {
    PCRE2_UCHAR reason[256] = {};
    pcre2_get_error_message(error, reason, sizeof reason);
    throw ConfigError(
        fmt::format("pattern '{}' cannot be compiled: {}", shown, reinterpret_cast<const char*>(reason)));
  }
  pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE);  // where there is no JIT, matching interprets
  code->shown = shown;
  return Regex(std::move(code));
}

MatchSteps::MatchSteps(std::size_t bytes) : bytes_(bytes), left_(kSteps + kStepsPerByte * bytes) {}

bool MatchSteps::take(std::size_t steps) {
  if (steps > left_) return false;
  left_ -= steps;
  return true;
}

std::vector<Span> Regex::cover(std::string_view text, MatchSteps& steps) const {
  std::vector<Span> spans;
  const MatchData data = code_->match_data();
  const MatchContext context = match_context();
  std::size_t covered = 0;
  std::optional<std::size_t> last_end;
  for (std::size_t from = 0; from <= text.size();) {
    const std::optional<Span> found = code_->find(text, from, steps, data.get(), context.get());
    if (!found) break;
    if (found->begin == found->end && last_end == found->end) {  // an empty match may not follow a match
      from += from < text.size() ? character_size(text[from]) : 1;
      continue;
    }
    if (covered != found->begin) spans.push_back({covered, found->begin, false});
    spans.push_back(*found);
    covered = from = found->end;
    last_end = found->end;
  }
  if (covered != text.size() || text.empty()) spans.push_back({covered, text.size(), false});
  return spans;
}

bool Regex::matches_at_start(std::string_view text) const {
  MatchSteps steps(text.size());
  return code_->find_at(text, 0, steps, code_->match_data().get(), match_context().get()).has_value();
}

void check_growth(std::size_t bytes) {
  if (bytes <= kMaxText) return;
  throw ConfigError(fmt::format(
      "the tokenizer's replacements make more than {} MiB of this text; their chain in tokenizer.json "
      "grows without end",
      kMaxText >> 20));
}

std::string replace_all(const Regex& pattern, std::string_view text, std::string_view content,
                        MatchSteps& steps) {
  std::string replaced;
  replaced.reserve(text.size());
  for (const Span& span : pattern.cover(text, steps)) {
    replaced += span.match ? content : text.substr(span.begin, span.end - span.begin);
    check_growth(replaced.size());
  }
  return replaced;
}

}  // namespace speclab
