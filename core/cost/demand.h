#pragma once

#include <algorithm>

#include "core/cost/model_shape.h"
#include "core/work.h"

namespace speclab {

// What work asks of a device, whatever the device: no efficiency enters, and nothing is divided among
// several devices. Attention is counted as published: 2 operations per multiply and add, softmax and masks
// left out.
struct Demand {
  double flops = 0;         // of matrix products and attention
  double weight_bytes = 0;  // streamed; an embedding lookup is 0
  double cache_bytes = 0;   // read, written or moved
};

// Distinct experts that n tokens of one pass visit: E (1 - (1 - K/E)^(n^kappa)), K for one token
// and at most E; kappa = 1 is independent routing.
double distinct_experts(const Experts& experts, double tokens);

// Weights that one token multiplies in one layer's attention, and numbers cached per position and layer.
double attention_weights(const ModelShape& shape);
double cache_width(const ModelShape& shape);

// All weights: embeddings, learned positions, layers with every expert, head unless tied, extras.
double parameters(const ModelShape& shape);

// Bytes of one position in the cache, over all layers.
double cache_bytes_per_position(const ModelShape& shape);

// Mean over the layers of how much of `amount` a pass sees when windowed layers, a part of all, stop at
// `limit`. Of cached positions the limit is window x sequences (which are taken to be equally long), of
// query-key pairs window x new tokens.
inline double seen(double amount, double limit, double windowed_part) {
  return amount - windowed_part * std::max(0.0, amount - limit);
}

// `work` is a sum over the batch. A forward pass reads the whole cache once, whatever it verifies, and writes
// its own positions; `keep` reads and writes what it moves; all else asks nothing.
Demand demand(const ModelShape& shape, const Work& work);

}  // namespace speclab
