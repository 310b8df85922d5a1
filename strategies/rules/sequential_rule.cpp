#include "strategies/rules/sequential_rule.h"

namespace speclab {

Choice SequentialRule::choose(int node, Residual& residual, RandomSource& chance) {
  const Draft& draft = residual.draft();
  waiting_.clear();
  for (int child = draft.first_candidate(node); child != TokenTree::kNone;
       child = draft.next_candidate(child)) {
    waiting_.push_back(child);
  }
  while (!waiting_.empty()) {
    const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(next(waiting_, residual, chance));
    const int child = *at;
    if (accepts(child, residual, chance)) return {.child = child};
    waiting_.erase(at);
  }
  return {.instead = static_cast<Token>(chance.categorical(residual.p()))};
}

}  // namespace speclab
