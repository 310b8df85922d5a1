#include "core/cost/calibrated_cost.h"

#include <algorithm>

#include "core/check.h"
#include "core/errors.h"

namespace speclab {

Seconds pass_time(const PassTable& table, int new_tokens) {
  SPECLAB_CHECK(!table.empty(), "a table of passes has one at least");
  if (table.size() == 1 || new_tokens <= table.front().new_tokens) return table.front().seconds;
  const auto above = std::ranges::lower_bound(table, new_tokens, {}, &TimedPass::new_tokens);
  const bool beyond = above == table.end();
  const TimedPass &right = beyond ? table.back() : *above, &left = beyond ? *(above - 2) : *(above - 1);
  double slope = (right.seconds - left.seconds) / (right.new_tokens - left.new_tokens);
  if (beyond) slope = std::max(slope, 0.0);
  return right.seconds + slope * (new_tokens - right.new_tokens);
}

Seconds CalibratedCost::price(const Work& work) const {
  if (!is_pass(work.actor, work.op)) return 0;
  const auto table = tables_.find(work.actor);
  if (table == tables_.end()) {
    throw ImpossiblePoint(
        "price.kind = 'calibrated' has no price of a pass before the point runs; what would be chosen by "
        "prices when it is put together is to be given (topology.nodes and topology.depth)");
  }
  return pass_time(table->second, work.new_tokens);
}

}  // namespace speclab
