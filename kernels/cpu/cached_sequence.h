#pragma once

#include <memory>

#include "kernels/cpu/kv_cache.h"
#include "kernels/llama/sequence_slots.h"

namespace speclab {

// What a model on the processor knows of one sequence.
struct CachedSequence : SequenceSlots {
  explicit CachedSequence(std::shared_ptr<KvCache> shared) : cache(std::move(shared)) {}

  std::shared_ptr<KvCache> cache;
};

}  // namespace speclab
