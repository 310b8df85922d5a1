#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/cost/calibrated_cost.h"
#include "core/language_model.h"

namespace speclab {

// So many sequences at once, each with so many new tokens.
struct PassSize {
  int sequences = 1, tokens = 1;
  int new_tokens() const { return sequences * tokens; }
  bool operator==(const PassSize&) const = default;
};

// What is timed for batches of `batch`: one token of 1, 2, 4, ... and of all sequences, then more tokens of
// all, up to 64 each and 512 together. `room` is the most that a sequence may have; 0: no limit. By new
// tokens.
std::vector<PassSize> pass_sizes(int batch, int room);

// A model whose passes are charged to a clock as this actor's.
struct TimedModel {
  LanguageModel* model = nullptr;
  Actor actor = Actor::target;
  std::string name;       // equal names have equal tables on one machine; empty: nothing has its name
  int max_positions = 0;  // 0: no limit
  bool wanted = true;     // false: opened only because another model shares its KV cache
};

inline constexpr int kTimedRepeats = 21;  // of each pass

// Times passes over `sequences` texts of `context` random tokens, all but the last cached: that one and a
// chain below it, all scored. Sizes and models take turns, so that a drift of the machine hits all alike. No
// sequence may be open, and a model that shares another's cache comes after it. A table per model; empty
// where it is not wanted.
std::vector<PassTable> time_passes(std::span<const TimedModel> models, Clock& clock, int sequences,
                                   int context);

}  // namespace speclab
