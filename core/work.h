#pragma once

#include <cstdint>

namespace speclab {

// draft + i is the i-th draft model.
enum class Actor : std::uint8_t { host, target, draft };

enum class Op : std::uint8_t {
  forward,   // a pass over a model
  commit,    // a cache made a path certain
  truncate,  // a cache forgot certain text
  draft,     // the drafter's own time, passes of its models apart
  judge,     // the rule
  step       // what is left of a step
};

// What was done, in units that neither the device nor the model's size enters; summed over the batch.
struct Work {
  Actor actor = Actor::host;
  Op op = Op::forward;
  int sequences = 0;
  int new_tokens = 0;        // positions evaluated, or moved by `keep`
  int rows = 0;              // logit rows produced
  std::int64_t context = 0;  // positions that were in the caches before
  std::int64_t pairs = 0;    // query-key pairs scored, the new positions' own included

  bool operator==(const Work&) const = default;
};

// A pass of a model, as opposed to what the host and the caches do.
constexpr bool is_pass(Actor actor, Op op) { return op == Op::forward && actor != Actor::host; }

}  // namespace speclab
