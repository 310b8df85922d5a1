#include "core/models/tokenizer/pre_tokenizer.h"

#include <fmt/format.h>

#include "core/models/tokenizer/byte_alphabet.h"
#include "core/models/tokenizer/punctuation.h"
#include "core/models/tokenizer/split_behavior.h"

namespace speclab {
namespace {

constexpr std::string_view kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

PreTokenizer splitter(Regex pattern, SplitBehavior behavior, bool invert = false) {
  return [pattern = std::move(pattern), behavior, invert](std::vector<Piece>& pieces) {
    split_pieces(pieces, pattern, behavior, invert);
  };
}

SplitBehavior behavior_of(const Component& component) {
  const std::string name = component.text("behavior");
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  component.refuse(
      fmt::format("behavior '{}' is not supported; supported are Removed, Isolated, "
                  "MergedWithPrevious, MergedWithNext and Contiguous",
                  name));
}

PreTokenizer byte_level(const Component& component) {
  const bool prefix_space = component.flag("add_prefix_space");
  PreTokenizer words;
  if (component.flag("use_regex", true))
    words = splitter(Regex::compile(kGpt2Words), SplitBehavior::kIsolated);
  return [prefix_space, words](std::vector<Piece>& pieces) {
    for (Piece& piece : pieces) {
      if (prefix_space && !piece.text.starts_with(' ')) piece.text.insert(piece.text.begin(), ' ');
    }
    if (words) words(pieces);
    for (Piece& piece : pieces) {
      std::string printable;
      printable.reserve(piece.text.size() * 2);
      append_as_printable(printable, piece.text);
      piece.text = std::move(printable);
    }
  };
}

PreTokenizer metaspace(const Component& component) {
  const std::string replacement = component.character("replacement");
  const std::string scheme = prepend_scheme(component);
  PreTokenizer words;
  if (component.flag("split", true)) {
    words = splitter(Regex::literal(replacement), SplitBehavior::kMergedWithNext);
  }
  return [replacement, scheme, space = Regex::literal(" "), words](std::vector<Piece>& pieces) {
    for (Piece& piece : pieces) {
      piece.text = replace_all(space, piece.text, replacement, *piece.steps);
      const bool wanted = scheme == "always" || (scheme == "first" && piece.at_start);
      if (wanted && !piece.text.starts_with(replacement)) piece.text.insert(0, replacement);
    }
    if (words) words(pieces);
  };
}

PreTokenizer in_sequence(std::vector<PreTokenizer> steps) {
  return [steps = std::move(steps)](std::vector<Piece>& pieces) {
    for (const PreTokenizer& step : steps) {
      step(pieces);
      std::size_t size = 0;
      for (const Piece& piece : pieces) size += piece.text.size();
      check_growth(size);
    }
  };
}

}  // namespace

bool is_metaspace(const Component& component) {
  // The last one is the replacement once more.
  return component.is("Metaspace", {"replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"});
}

std::string prepend_scheme(const Component& metaspace) {
  const bool legacy_never = !metaspace.flag("add_prefix_space", true);
  if (!metaspace.has("prepend_scheme")) return legacy_never ? "never" : "always";
  std::string scheme = metaspace.text("prepend_scheme");
  if (scheme != "always" && scheme != "first" && scheme != "never") {
    metaspace.refuse(
        fmt::format("prepend_scheme '{}' is not supported; supported are always, first and never", scheme));
  }
  if (legacy_never && scheme != "never") {
    metaspace.refuse(fmt::format("add_prefix_space false contradicts prepend_scheme '{}'", scheme));
  }
  return scheme;
}

PreTokenizer make_pre_tokenizer(const Component& component) {
  if (component.is("ByteLevel", {"add_prefix_space", "trim_offsets", "use_regex"}))
    return byte_level(component);
  if (is_metaspace(component)) return metaspace(component);
  if (component.is("Split", {"pattern", "behavior", "invert"})) {
    return splitter(component.pattern("pattern"), behavior_of(component), component.flag("invert"));
  }
  if (component.is("Digits", {"individual_digits"})) {
    const bool each = component.flag("individual_digits");
    return splitter(Regex::compile("[\\p{N}\\x{11DE0}-\\x{11DE9}\\x{16FF4}-\\x{16FF6}]"),
                    each ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
  }
  if (component.is("Punctuation", {"behavior"})) {
    const bool named = component.has("behavior");
    return splitter(Regex::compile(kPunctuation), named ? behavior_of(component) : SplitBehavior::kIsolated);
  }
  if (component.is("Whitespace", {})) {
    return splitter(Regex::compile("\\w+|[^\\w\\s]+", Dialect::rust), SplitBehavior::kRemoved, true);
  }
  if (component.is("WhitespaceSplit", {})) return splitter(Regex::compile("\\s"), SplitBehavior::kRemoved);
  if (component.is("Sequence", {"pretokenizers"})) {
    std::vector<PreTokenizer> steps;
    for (const Component& part : component.parts("pretokenizers")) steps.push_back(make_pre_tokenizer(part));
    return in_sequence(std::move(steps));
  }
  component.refuse_type(
      "ByteLevel, Metaspace, Split, Digits, Punctuation, Whitespace, WhitespaceSplit and Sequence");
}

}  // namespace speclab
