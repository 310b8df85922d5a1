#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "core/topology.h"

namespace speclab {

// A chain whose length follows what became of the sequence's earlier drafts. What an adaptive length is to
// write is what it remembers of them, and what length it makes of that.
// Lossless, as every step is, whatever the length, provided that it was chosen from certain text and from the
// past. Memories belong to sequences, not to places in a batch: a text does not depend on its mates.
template <class Memory>
class AdaptiveChain : public Topology {
 public:
  void grow(Batch batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) final {
    if (round == 0) plan(batch);
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      const int last = drafts[i].size() - 1;
      if (round < lengths_[i] && drafts[i].tree().depth(last) == round)
        growth.push_back({static_cast<int>(i), last, 1});
    }
  }
  int width() const final { return 1; }
  void observe(const Outcome& outcome) final {
    for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
      learn(memories_.try_emplace(outcome.batch[i]->id, start_).first->second,
            outcome.own(i) - 1 - outcome.drafts[i].probes(), outcome.own_accepted(i));
    }
  }

 protected:
  // `start` is what is remembered of a sequence that is new.
  explicit AdaptiveChain(Memory start) : start_(start) {}

  virtual int length(const Sequence& sequence, const Memory& memory) const = 0;
  // Of `proposed` guesses, which may be fewer than were asked for, the first `accepted` were right.
  virtual void learn(Memory& memory, int proposed, int accepted) const = 0;

 private:
  void plan(Batch batch) {
    lengths_.clear();
    for (const Sequence* sequence : batch) {
      Memory& memory = memories_.try_emplace(sequence->id, start_).first->second;
      if (sequence->new_tokens() == 0) memory = start_;
      lengths_.push_back(length(*sequence, memory));
    }
  }

  Memory start_;
  std::map<SequenceId, Memory> memories_;
  std::vector<int> lengths_;  // of this step, by place in the batch
};

}  // namespace speclab
