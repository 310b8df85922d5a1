#pragma once

#include <array>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "strategies/drafters/growing_drafter.h"
#include "strategies/drafters/suffix_automaton.h"

namespace speclab {

// SuffixDecoding (Oliaro et al. 2024, arXiv 2411.04975; `suffix` of vLLM and Arctic Inference): the longest
// end of the text that occurred before, in the text itself or in a corpus, says what may follow, the most
// frequent first. A long match is trusted for many tokens, a short one for few.
class SuffixDrafter : public GrowingDrafter {
 public:
  struct Settings {
    int max_match = 24, min_match = 1;  // tokens of the end that is looked up
    double factor = 1;  // a draft is at most so many times as deep as the match is long; 0: any depth
    double min_probability = 0;  // of a guess, by how often it and those above it followed
  };
  SuffixDrafter(Topology& topology, Settings settings, std::span<const std::vector<Token>> corpus = {});

  void open(const Sequence& sequence, const Forward&) override { open_[sequence.id] = {}; }
  void truncate(const Sequence& text, int common) override {
    Open& open = open_[text.id];
    if (open.text.size() > common) open = {};
  }
  void close(const Sequence& sequence) override { open_.erase(sequence.id); }

 protected:
  void begin(Batch batch, std::span<Draft> drafts) override;
  void grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) override;

 private:
  // The longest end of a text, or of a text and a path of guesses, that occurs in an automaton's text.
  struct Match {
    int state = SuffixAutomaton::kEmpty;
    int length = 0;
  };
  enum Source : std::size_t { kOwn, kCorpus, kSources };
  using Matches = std::array<Match, kSources>;
  struct Open {
    SuffixAutomaton text;
    Match in_corpus;
  };
  struct Place {
    Matches matches;
    double probability = 1;
  };
  struct Growing {
    const SuffixAutomaton* text = nullptr;
    std::vector<Place> places;  // by node
    int deepest = 0;
  };
  struct Candidate {
    Token token = 0;
    int count = 0, last = 0;
  };

  const SuffixAutomaton& automaton(const Growing& growing, std::size_t source) const {
    return source == kOwn ? *growing.text : corpus_;
  }
  Match extended(const SuffixAutomaton& automaton, Match match, Token token) const;
  // The same, no longer than max_match.
  Match cut(const SuffixAutomaton& automaton, Match match) const;
  void add_children(Draft& draft, Growing& growing, const Growth& growth);
  int shorten(const Growing& growing, Matches& matches, int length) const;
  int collect(const Growing& growing, const Matches& matches, int length);

  Settings settings_;
  SuffixAutomaton corpus_;
  std::unordered_map<SequenceId, Open> open_;
  std::vector<Growing> growing_;  // by draft
  std::vector<Candidate> candidates_;
  std::unordered_set<Token> considered_;
};

}  // namespace speclab
