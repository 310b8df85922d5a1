#pragma once

#include <vector>

#include "strategies/drafters/growing_drafter.h"

namespace speclab {

// Prompt lookup (Saxena 2023; `prompt_lookup_num_tokens` of transformers, `ngram` of vLLM): the last few
// tokens are looked up earlier in the text, and the guess is what followed them there. The longest n-gram
// that occurs counts first, of equal ones the latest; where a topology asks for several children, other
// places continue differently.
class NgramDrafter : public GrowingDrafter {
 public:
  // N-grams of max_ngram down to min_ngram tokens; at most max_places of a node are remembered.
  NgramDrafter(Topology& topology, int max_ngram, int min_ngram, int max_places)
      : GrowingDrafter(topology), max_ngram_(max_ngram), min_ngram_(min_ngram), max_places_(max_places) {}

 protected:
  void begin(Batch batch, std::span<Draft> drafts) override;
  void grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) override;

 private:
  // Where in the text the guesses after a node stand, the best first.
  using Places = std::vector<int>;
  void look_up(std::span<const Token> text, Places& places) const;
  void add_children(std::span<const Token> text, Draft& draft, std::vector<Places>& places,
                    const Growth& growth) const;

  int max_ngram_, min_ngram_, max_places_;
  std::vector<std::vector<Places>> places_;  // draft -> node -> places
};

}  // namespace speclab
