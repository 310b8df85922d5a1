#pragma once

#include <span>

#include "core/cost/model_shape.h"

namespace speclab {

// Bytes of a model's weights: every expert, head and embeddings too. Embeddings are stored like the head,
// learned positions in 16 bits; what a shape borrows from another model counts there.
double weight_bytes(const ModelShape& shape);

// Of these, what a pass over all experts would stream apart from the head: the layers.
double layer_bytes(const ModelShape& shape);

// Bytes of the key-value caches of sequences that hold so many positions each; windowed layers keep their
// window.
double cache_bytes(const ModelShape& shape, std::span<const int> positions);

}  // namespace speclab
