#include "strategies/drafters/suffix.h"

#include <algorithm>

#include "core/check.h"

namespace speclab {
namespace {

constexpr Token kTextEnd = -1;  // between the texts of a corpus; no guess
constexpr int kAnyDepth = 1 << 20;

}  // namespace

SuffixDrafter::SuffixDrafter(Topology& topology, Settings settings,
                             std::span<const std::vector<Token>> corpus)
    : GrowingDrafter(topology), settings_(settings) {
  for (const std::vector<Token>& text : corpus) {
    for (const Token token : text) corpus_.append(token);
    corpus_.append(kTextEnd);
  }
}

void SuffixDrafter::begin(Batch batch, std::span<Draft>) {
  growing_.resize(std::max(growing_.size(), batch.size()));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Open& open = open_[batch[i]->id];
    const std::span<const Token> text = batch[i]->text;
    SPECLAB_CHECK(static_cast<std::size_t>(open.text.size()) <= text.size(),
                  "a text of {} tokens was remembered as one of {}", text.size(), open.text.size());
    for (const Token token : text.subspan(static_cast<std::size_t>(open.text.size()))) {
      open.text.append(token);
      open.in_corpus = extended(corpus_, open.in_corpus, token);
    }
    const int earlier = open.text.shorter(open.text.whole());  // occurs before the text's end, too
    const Match own = cut(open.text, {earlier, open.text.length(earlier)});
    const double deepest = settings_.factor * std::max(own.length, open.in_corpus.length);
    Growing& growing = growing_[i];
    growing.text = &open.text;
    growing.places.assign(1, Place{{own, open.in_corpus}, 1});
    growing.deepest =
        settings_.factor == 0 ? kAnyDepth : static_cast<int>(std::min(deepest, 1.0 * kAnyDepth));
  }
}

void SuffixDrafter::grow(Batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  for (const Growth& g : growth) add_children(drafts[g.draft], growing_[g.draft], g);
}

SuffixDrafter::Match SuffixDrafter::extended(const SuffixAutomaton& automaton, Match match,
                                             Token token) const {
  for (; match.state != SuffixAutomaton::kNone; match.state = automaton.shorter(match.state)) {
    match.length = std::min(match.length, automaton.length(match.state));
    const int next = automaton.follow(match.state, token);
    if (next != SuffixAutomaton::kNone) return cut(automaton, {next, match.length + 1});
  }
  return {};
}

SuffixDrafter::Match SuffixDrafter::cut(const SuffixAutomaton& automaton, Match match) const {
  if (match.length <= settings_.max_match) return match;
  match.length = settings_.max_match;
  while (automaton.length(automaton.shorter(match.state)) >= match.length) {
    match.state = automaton.shorter(match.state);
  }
  return match;
}

// What followed the match, then what else followed its shorter and shorter ends.
void SuffixDrafter::add_children(Draft& draft, Growing& growing, const Growth& growth) {
  if (draft.tree().depth(growth.parent) >= growing.deepest) return;
  const Place from = growing.places[growth.parent];
  const int first = draft.size();
  considered_.clear();
  Matches matches = from.matches;
  for (int length = std::max(matches[kOwn].length, matches[kCorpus].length); length >= settings_.min_match;
       length = shorten(growing, matches, length)) {
    const int all = collect(growing, matches, length);
    for (const Candidate& candidate : candidates_) {
      if (draft.size() - first == growth.children) return;
      if (!considered_.insert(candidate.token).second) continue;
      const double probability = from.probability * candidate.count / all;
      if (probability < settings_.min_probability) continue;
      draft.add(growth.parent, candidate.token);
      Place& place = growing.places.emplace_back(Place{{}, probability});
      for (std::size_t source = 0; source < kSources; ++source) {
        place.matches[source] = extended(automaton(growing, source), from.matches[source], candidate.token);
      }
    }
  }
}

// The next shorter end of the text that other places than before are found to end in.
int SuffixDrafter::shorten(const Growing& growing, Matches& matches, int length) const {
  const auto next = [&](std::size_t source) {
    const Match& match = matches[source];
    if (match.length < length) return match.length;
    return automaton(growing, source).length(automaton(growing, source).shorter(match.state));
  };
  const int shorter = std::max(next(kOwn), next(kCorpus));
  for (std::size_t source = 0; source < kSources; ++source) {
    Match& match = matches[source];
    if (match.length < length || next(source) < shorter) continue;
    match = {automaton(growing, source).shorter(match.state), shorter};
  }
  return shorter;
}

// Makes `candidates_` what followed an end of that length, best first; returns how many times anything did.
int SuffixDrafter::collect(const Growing& growing, const Matches& matches, int length) {
  candidates_.clear();
  int all = 0;
  std::ptrdiff_t own = 0;  // candidates of the text itself, by token
  for (std::size_t source = 0; source < kSources; ++source) {
    if (matches[source].length < length) continue;
    const SuffixAutomaton& seen = automaton(growing, source);
    const int earlier = source == kCorpus ? seen.size() : 0;  // the corpus was written before the text
    for (const auto& [token, state] : seen.followers(matches[source].state)) {
      if (token == kTextEnd) continue;
      all += seen.count(state);
      const auto end = candidates_.begin() + own;
      const auto known = std::ranges::lower_bound(candidates_.begin(), end, token, {}, &Candidate::token);
      if (known != end && known->token == token) {
        known->count += seen.count(state);
      } else {
        candidates_.push_back({token, seen.count(state), seen.last(state) - earlier});
      }
    }
    if (source == kOwn) own = std::ssize(candidates_);
  }
  std::ranges::sort(candidates_, [](const Candidate& a, const Candidate& b) {
    return a.count != b.count ? a.count > b.count : a.last > b.last;
  });
  return all;
}

}  // namespace speclab
