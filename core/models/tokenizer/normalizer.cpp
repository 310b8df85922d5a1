#include "core/models/tokenizer/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/check.h"
#include "core/models/tokenizer/later_characters.h"
#include "core/models/tokenizer/later_letters.h"
#include "core/settings/utf8.h"

namespace speclab {
namespace {

bool ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool later_than_unicode_9(char32_t character) {
  const auto range = std::ranges::lower_bound(kLaterCharacters, character, {}, &CharacterRange::last);
  return range != kLaterCharacters.end() && character >= range->first;
}

void append_normal_form(std::string& text, std::string_view part, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(part.data()),
                                             static_cast<utf8proc_ssize_t>(part.size()), &mapped,
                                             static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  SPECLAB_CHECK(size >= 0, "utf8proc: {}", utf8proc_errmsg(size));
  text.append(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

Normalizer unicode_form(int options) {
  return [options](Piece& piece) {
    const std::string_view text = piece.text;
    if (ascii(text)) return;  // every form leaves it as it is
    std::string normal;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t before = at;
      if (!later_than_unicode_9(next_character(text, at))) continue;
      append_normal_form(normal, text.substr(begin, before - begin), options);
      normal += text.substr(before, at - before);
      begin = at;
    }
    append_normal_form(normal, text.substr(begin), options);
    piece.text = std::move(normal);
  };
}

char32_t lower_case(char32_t c) {
  const auto later = std::ranges::lower_bound(kLaterLetters, c, {}, &LetterRange::last);
  if (later != kLaterLetters.end() && c >= later->first) return later->lower + (c - later->first);
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

void lowercase(Piece& piece) {
  std::string lower;
  lower.reserve(piece.text.size());
  for (std::size_t at = 0; at < piece.text.size();) {
    const char32_t c = next_character(piece.text, at);
    append_utf8(lower, lower_case(c));
    if (c == U'\u0130') append_utf8(lower, U'\u0307');  // the one letter whose lower case is two
  }
  piece.text = std::move(lower);
}

Normalizer prepend(std::string prefix) {
  return [prefix = std::move(prefix)](Piece& piece) {
    if (!piece.text.empty()) piece.text.insert(0, prefix);
  };
}

Normalizer replace(Regex pattern, std::string content) {
  return [pattern = std::move(pattern), content = std::move(content)](Piece& piece) {
    const Span first = pattern.cover(piece.text, *piece.steps).front();
    if (content.empty() && first.match && first.end > 0) piece.at_start = false;
    piece.text = replace_all(pattern, piece.text, content, *piece.steps);
  };
}

Normalizer strip(bool left, bool right) {
  const Regex space = Regex::compile("\\s");
  return [left, right, space](Piece& piece) {
    const std::vector<Span> spans = space.cover(piece.text, *piece.steps);
    std::size_t begin = 0;
    std::size_t end = piece.text.size();
    for (auto span = spans.begin(); left && span != spans.end() && span->match; ++span) begin = span->end;
    for (auto span = spans.rbegin(); right && span != spans.rend() && span->match; ++span) end = span->begin;
    if (begin > 0) piece.at_start = false;
    piece.text = begin < end ? piece.text.substr(begin, end - begin) : "";
  };
}

Normalizer in_sequence(std::vector<Normalizer> steps) {
  return [steps = std::move(steps)](Piece& piece) {
    for (const Normalizer& step : steps) {
      step(piece);
      check_growth(piece.text.size());
    }
  };
}

}  // namespace

Normalizer make_normalizer(const Component& component) {
  if (component.is("NFC", {})) return unicode_form(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  if (component.is("NFD", {})) return unicode_form(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  if (component.is("NFKC", {})) return unicode_form(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
  if (component.is("NFKD", {})) return unicode_form(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  if (component.is("Lowercase", {})) return lowercase;
  if (component.is("Prepend", {"prepend"})) return prepend(component.text("prepend"));
  if (component.is("Replace", {"pattern", "content"}))
    return replace(component.pattern("pattern"), component.text("content"));
  if (component.is("Strip", {"strip_left", "strip_right"}))
    return strip(component.flag("strip_left"), component.flag("strip_right"));
  if (component.is("Sequence", {"normalizers"})) {
    std::vector<Normalizer> steps;
    for (const Component& part : component.parts("normalizers")) steps.push_back(make_normalizer(part));
    return in_sequence(std::move(steps));
  }
  if (component.type() == "Precompiled") {
    component.refuse(
        "type 'Precompiled' is SentencePiece's own table of characters, which is not read; supported are "
        "NFC, NFD, "
        "NFKC, NFKD, Lowercase, Prepend, Replace, Strip and Sequence");
  }
  component.refuse_type("NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip and Sequence");
}

}  // namespace speclab
