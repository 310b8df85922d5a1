#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/device_form.h"
#include "core/drafter.h"

namespace speclab {

// What a rule asks of drafts beside their tokens, where the temperature is not 0.
struct RuleRequirements {
  bool chain = false;         // no node has two candidates
  bool one_proposer = false;  // all guesses of a draft come from one drafter
  std::vector<Draw> draws = {Draw::fixed, Draw::without_replacement, Draw::independent};  // any of these
};

// Walks each tree along the target's scores and says which path stays.
class AcceptanceRule {
 public:
  virtual ~AcceptanceRule() = default;
  // Whether the text is distributed as the target's own, for every draft that tells truly how it was drawn.
  virtual bool lossless(const Sampling& sampling) const = 0;
  virtual RuleRequirements requirements() const { return {}; }
  virtual DeviceForm device_form() const { return {}; }
  // Where it reads rows, in words for the result file.
  virtual std::string judges_on() const { return "host"; }
  // Fills one verdict per sequence. `target` has, per sequence, the root's row and a row per node.
  virtual void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                     std::span<Verdict> verdicts) = 0;
};

}  // namespace speclab
