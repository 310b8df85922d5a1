#pragma once

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "core/distributions.h"
#include "core/drafter.h"
#include "strategies/drafters/ngram_pool.h"

namespace speclab {

// Lookahead decoding (Fu et al. 2024, arXiv 2402.02057, algorithm 2): beside the guesses that it judges, the
// target evaluates a window of probes, the last N - 1 Jacobi iterates of W tokens ahead, and each column with
// its newest token is an n-gram that later may follow its first token. The window's tokens are the likeliest
// ones at any temperature.
class LookaheadDrafter : public Drafter {
 public:
  struct Settings {
    int window = 15;                 // W, columns
    int ngram = 5;                   // N, tokens of an n-gram
    int guesses = 15;                // G, n-grams judged in a step, and kept for each first token
    bool pool_from_prompt = false;   // the text's own n-grams are pooled too
    bool always_forward_one = true;  // the window moves by one token a step, not by all that the step emitted
  };
  LookaheadDrafter(Distributions& distributions, Settings settings)
      : distributions_(distributions), settings_(settings) {}

  DraftTraits traits() const override { return {{Draw::fixed}, settings_.guesses > 1, false, 1}; }
  void open(const Sequence& sequence, const Forward&) override;
  void truncate(const Sequence& text, int common) override {
    Open& open = open_of(text);
    open.pooled = std::min(open.pooled, common);
  }
  void close(const Sequence& sequence) override { open_.erase(sequence.id); }
  void draft(Batch batch, std::span<Draft> drafts) override;
  void observe(const Outcome& outcome) override;

 private:
  using Level = std::vector<Token>;  // an iterate: a token per column
  struct Open {
    explicit Open(int guesses) : pool(guesses) {}
    NgramPool pool;
    int pooled = 0;             // tokens of the text whose n-grams are in the pool
    std::vector<Level> window;  // the oldest iterate first
    std::vector<int> newest;    // the draft's nodes of the last iterate
  };
  Open& open_of(const Sequence& sequence);
  void pool_text(Open& open, std::span<const Token> text) const;
  void add_guesses(const Open& open, Draft& draft, int deepest) const;
  void add_window(Open& open, Draft& draft, int deepest) const;
  void pool_window(Open& open, std::span<const Token> results) const;
  void move_window(Open& open, std::span<const Token> results, std::span<const Token> text,
                   int accepted) const;

  Distributions& distributions_;
  Settings settings_;
  std::unordered_map<SequenceId, Open> open_;
  std::vector<Distributions::Pick> picks_;
  std::vector<Token> likeliest_;
};

}  // namespace speclab
