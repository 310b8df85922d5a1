#pragma once

#include <set>
#include <span>
#include <vector>

#include "core/topology.h"

namespace speclab {

// A chain whose length follows what became of earlier drafts. What an adaptive length is to write is what it
// remembers of them, and what lengths it makes of that for a batch.
// Lossless, as every step is, for all texts jointly, whatever the lengths, provided that they were chosen
// from certain text and from the past. One pass serves a batch, so lengths are chosen for a batch together:
// at a temperature above 0 which of its texts comes out depends on a sequence's mates, though not how likely
// each is; at temperature 0 there is one text.
class AdaptiveChain : public Topology {
 public:
  void grow(Batch batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) final {
    if (round == 0) {
      if (starts_anew(batch)) forget();
      lengths_.assign(batch.size(), 0);
      plan(batch, lengths_);
    }
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      const int last = drafts[i].size() - 1;
      if (round < lengths_[i] && drafts[i].tree().depth(last) == round)
        growth.push_back({static_cast<int>(i), last, 1});
    }
  }
  int width() const final { return 1; }
  void observe(const Outcome& outcome) final {
    lessons_.clear();
    for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
      lessons_.push_back({outcome.own(i) - 1 - outcome.drafts[i].probes(), outcome.own_accepted(i)});
    }
    learn(outcome.batch, lessons_);
  }

 protected:
  // Of `proposed` guesses, which may be fewer than were asked for, the first `accepted` were right.
  struct Lesson {
    int proposed = 0, accepted = 0;
  };

  // All that is remembered is of another run: a text was begun that had been begun before.
  virtual void forget() = 0;
  // Sets the length of each sequence's draft.
  virtual void plan(Batch batch, std::span<int> lengths) = 0;
  virtual void learn(Batch batch, std::span<const Lesson> lessons) = 0;

 private:
  bool starts_anew(Batch batch) {
    bool anew = false;
    for (const Sequence* sequence : batch) {
      if (sequence->new_tokens() == 0) anew |= !begun_.insert(sequence->id).second;
    }
    if (!anew) return false;
    begun_.clear();
    for (const Sequence* sequence : batch) begun_.insert(sequence->id);
    return true;
  }

  std::set<SequenceId> begun_;
  std::vector<int> lengths_;  // of this step, by place in the batch
  std::vector<Lesson> lessons_;
};

}  // namespace speclab
