#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/drafter.h"

namespace speclab {

// What a rule that draws nothing asks of the target's rows, wherever they lie: a few numbers of each. What
// was not asked for beforehand is refused with BrokenInvariant.
class RowStats {
 public:
  // Of one sequence's rows.
  struct Asked {
    bool candidates = false;                     // about candidates, not the likeliest token alone
    bool ranks = false;                          // of candidates
    bool exp_neg_entropy = false;                // of probabilities, which are to be asked for too
    std::optional<Sampling> probabilities = {};  // what these settings make of the logits
  };
  struct At {
    std::size_t sequence;  // of the batch
    int node;              // of its draft; no probe
  };

  virtual ~RowStats() = default;
  // The batch that is asked about until the next call, with what may be asked of each sequence's rows.
  void look(Batch batch, std::span<const Draft> drafts, const Forward& target, std::span<const Asked> asked);

  virtual const char* place() const { return "host"; }  // where rows are asked
  virtual Token likeliest(At at) = 0;                   // of equals the lowest
  // Of the likeliest token, or of a candidate's below the node:
  float logit(At at, Token token);
  int ahead(At at, Token token);  // how many tokens are likelier, or as likely and lower
  double probability(At at, Token token);
  // exp(-H), H the entropy of the row's probabilities in nats: 1 where one token is certain.
  double exp_neg_entropy(At at);

 protected:
  const Asked& asked(At at) const { return asked_[at.sequence]; }

 private:
  virtual void look(Batch batch, std::span<const Draft> drafts, const Forward& target) = 0;
  virtual float logit_of(At at, Token token) = 0;
  virtual int rank_of(At at, Token token) = 0;
  virtual double probability_of(At at, Token token) = 0;
  virtual double exp_neg_entropy_at(At at) = 0;

  void check_token(At at, Token token);

  std::vector<Asked> asked_;
};

}  // namespace speclab
