#include "core/models/tokenizer/split_behavior.h"

#include <algorithm>

namespace speclab {
namespace {

// A match joins the span before it, unless that one is a match too.
std::vector<Span> join_matches_backwards(const std::vector<Span>& spans) {
  std::vector<Span> joined;
  bool after_match = false;
  for (const Span& span : spans) {
    if (span.match && !after_match && !joined.empty()) {
      joined.back().begin = std::min(joined.back().begin, span.begin);
      joined.back().end = std::max(joined.back().end, span.end);
    } else {
      joined.push_back(span);
    }
    after_match = span.match;
  }
  return joined;
}

std::vector<Span> join_alike(const std::vector<Span>& spans) {
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (!joined.empty() && joined.back().match == span.match) {
      joined.back().end = span.end;
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

std::vector<Span> arrange(std::vector<Span> spans, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::kRemoved:
      std::erase_if(spans, [](const Span& span) { return span.match; });
      break;
    case SplitBehavior::kIsolated:
      break;
    case SplitBehavior::kContiguous:
      return join_alike(spans);
    case SplitBehavior::kMergedWithPrevious:
      return join_matches_backwards(spans);
    case SplitBehavior::kMergedWithNext:
      std::ranges::reverse(spans);
      spans = join_matches_backwards(spans);
      std::ranges::reverse(spans);
      break;
  }
  return spans;
}

}  // namespace

void split_pieces(std::vector<Piece>& pieces, const Regex& pattern, SplitBehavior behavior, bool invert) {
  std::vector<Piece> parts;
  for (const Piece& piece : pieces) {
    std::vector<Span> spans = pattern.cover(piece.text, *piece.steps);
    if (invert) {
      for (Span& span : spans) span.match = !span.match;
    }
    for (const Span& span : arrange(std::move(spans), behavior)) {
      if (span.begin == span.end) continue;
      parts.push_back({piece.text.substr(span.begin, span.end - span.begin),
                       piece.at_start && span.begin == 0, piece.steps});
    }
  }
  pieces = std::move(parts);
}

}  // namespace speclab
