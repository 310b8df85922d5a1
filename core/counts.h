#pragma once

#include <array>
#include <cstdint>

#include "core/work.h"

namespace speclab {

// A count of a struct: its name in result files, and what it counts.
template <class Counts>
struct CountField {
  const char* name;
  std::int64_t Counts::*count;
  const char* meaning;
};

// What a step did for a sequence, or several steps together. All that sums, stores and checks counts goes
// through `fields`.
struct StepCounts {
  std::int64_t proposed = 0;
  std::int64_t probes = 0;
  std::int64_t accepted = 0;
  std::int64_t emitted = 0;

  static constexpr auto fields() {
    using C = StepCounts;
    return std::array{
        CountField<C>{"proposed", &C::proposed, "tree nodes that the rule could accept"},
        CountField<C>{"probes", &C::probes, "tree nodes that only asked the target"},
        CountField<C>{"accepted", &C::accepted, "tree nodes that the rule accepted; no bonus token"},
        CountField<C>{"emitted", &C::emitted, "tokens added to the text: accepted + 1, cut at its end"}};
  }
  bool operator==(const StepCounts&) const = default;
};

// The work of a pass, or of several together.
struct WorkSums {
  std::int64_t sequences = 0;
  std::int64_t new_tokens = 0;
  std::int64_t rows = 0;
  std::int64_t context = 0;
  std::int64_t pairs = 0;

  static constexpr auto fields() {
    using C = WorkSums;
    return std::array{CountField<C>{"sequences", &C::sequences, "sequences in the pass"},
                      CountField<C>{"new_tokens", &C::new_tokens, "positions evaluated, or moved by keep"},
                      CountField<C>{"rows", &C::rows, "logit rows produced"},
                      CountField<C>{"context", &C::context, "positions that were in the caches before"},
                      CountField<C>{"pairs", &C::pairs, "query-key pairs scored"}};
  }
  static constexpr WorkSums of(const Work& work) {
    return {work.sequences, work.new_tokens, work.rows, work.context, work.pairs};
  }
  bool operator==(const WorkSums&) const = default;
};

template <class Counts>
requires requires { Counts::fields(); }
constexpr Counts& operator+=(Counts& sum, const Counts& more) {
  for (const auto& field : Counts::fields()) sum.*field.count += more.*field.count;
  return sum;
}

}  // namespace speclab
