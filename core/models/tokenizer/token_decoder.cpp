#include "core/models/tokenizer/token_decoder.h"

#include <charconv>
#include <numeric>
#include <optional>

#include "core/models/tokenizer/byte_alphabet.h"
#include "core/models/tokenizer/pre_tokenizer.h"
#include "core/settings/utf8.h"

namespace speclab {
namespace {

void fuse(std::vector<std::string>& pieces) {
  pieces = {std::accumulate(pieces.begin(), pieces.end(), std::string())};
}

// A piece with a character outside the byte alphabet, as added tokens have, stands for itself.
void byte_level(std::vector<std::string>& pieces) {
  std::string bytes;
  for (const std::string& piece : pieces) bytes += bytes_of_printable(piece).value_or(piece);
  pieces = {replace_invalid_utf8(bytes)};
}

// The byte that a piece like <0xE2> stands for.
std::optional<char> fallback_byte(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || !piece.ends_with('>')) return std::nullopt;
  std::string_view digits = piece.substr(3, 2);
  if (digits.starts_with('+')) digits.remove_prefix(1);  // as Rust reads numbers
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<char>(value);
}

// A run of byte pieces becomes its text, or if it is not UTF-8, one U+FFFD per byte.
void byte_fallback(std::vector<std::string>& pieces) {
  std::vector<std::string> texts;
  std::string run;
  const auto end_run = [&] {
    if (run.empty()) return;
    if (valid_utf8(run)) {
      texts.push_back(run);
    } else {
      texts.insert(texts.end(), run.size(), std::string(kReplacementCharacter));
    }
    run.clear();
  };
  for (std::string& piece : pieces) {
    if (const std::optional<char> byte = fallback_byte(piece)) {
      run += *byte;
    } else {
      end_run();
      texts.push_back(std::move(piece));
    }
  }
  end_run();
  pieces = std::move(texts);
}

TokenDecoder strip(const Component& component) {
  const std::string character = component.character("content");
  const int start = component.count("start");
  const int stop = component.count("stop");
  return [=](std::vector<std::string>& pieces) {
    for (std::string& piece : pieces) {
      for (int i = 0; i < start && piece.starts_with(character); ++i) piece.erase(0, character.size());
      for (int i = 0; i < stop && piece.ends_with(character); ++i)
        piece.resize(piece.size() - character.size());
    }
  };
}

std::size_t bytes_of(const std::vector<std::string>& pieces) {
  std::size_t bytes = 0;
  for (const std::string& piece : pieces) bytes += piece.size();
  return bytes;
}

TokenDecoder replace(const Component& component) {
  return [pattern = component.pattern("pattern"),
          content = component.text("content")](std::vector<std::string>& pieces) {
    MatchSteps steps(bytes_of(pieces));
    for (std::string& piece : pieces) piece = replace_all(pattern, piece, content, steps);
  };
}

TokenDecoder metaspace(const Component& component) {
  const Regex replacement = Regex::literal(component.character("replacement"));
  const bool prepended = prepend_scheme(component) != "never";
  return [replacement, prepended](std::vector<std::string>& pieces) {
    MatchSteps steps(bytes_of(pieces));
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      pieces[i] = replace_all(replacement, pieces[i], i == 0 && prepended ? "" : " ", steps);
    }
  };
}

TokenDecoder in_sequence(std::vector<TokenDecoder> steps) {
  return [steps = std::move(steps)](std::vector<std::string>& pieces) {
    for (const TokenDecoder& step : steps) {
      step(pieces);
      check_growth(bytes_of(pieces));
    }
  };
}

}  // namespace

TokenDecoder make_token_decoder(const Component& component) {
  if (component.is("ByteLevel", {"add_prefix_space", "trim_offsets", "use_regex"})) return byte_level;
  if (component.is("ByteFallback", {})) return byte_fallback;
  if (component.is("Fuse", {})) return fuse;
  if (component.is("Strip", {"content", "start", "stop"})) return strip(component);
  if (component.is("Replace", {"pattern", "content"})) return replace(component);
  if (is_metaspace(component)) return metaspace(component);
  if (component.is("Sequence", {"decoders"})) {
    std::vector<TokenDecoder> steps;
    for (const Component& part : component.parts("decoders")) steps.push_back(make_token_decoder(part));
    return in_sequence(std::move(steps));
  }
  component.refuse_type("ByteLevel, ByteFallback, Fuse, Strip, Replace, Metaspace and Sequence");
}

}  // namespace speclab
