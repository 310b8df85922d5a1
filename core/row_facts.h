#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "core/drafter.h"

namespace speclab {

// What a rule that draws nothing asks of the target's rows, wherever they lie: a few numbers of each.
class RowFacts {
 public:
  // Of one sequence's rows.
  struct Asked {
    bool candidates = false;                // about candidates, not the likeliest token alone
    std::optional<Sampling> probabilities;  // what these settings make of the logits
  };
  struct At {
    std::size_t sequence;  // of the batch
    int node;              // of its draft; no probe
  };

  virtual ~RowFacts() = default;
  // The batch that is asked about until the next call, with what may be asked of each sequence's rows.
  virtual void look(Batch batch, std::span<const Draft> drafts, const Forward& target,
                    std::span<const Asked> asked) = 0;

  virtual Token likeliest(At at) = 0;  // of equals the lowest
  // Of the likeliest token, or of a candidate's below the node:
  virtual float logit(At at, Token token) = 0;
  virtual int ahead(At at, Token token) = 0;  // how many tokens are likelier, or as likely and lower
  virtual double probability(At at, Token token) = 0;
  // exp(-H), H the entropy of the row's probabilities in nats: 1 where one token is certain.
  virtual double certainty(At at) = 0;
};

}  // namespace speclab
