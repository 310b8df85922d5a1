#pragma once

#include <vector>

#include "core/cost/model_shape.h"

namespace speclab {

// Matrices of one kind, in one layer.
struct Matrices {
  double weights = 0;  // that a token multiplies; of one expert where `routed`
  double bits = 16;    // per weight, in memory
  int products = 0;    // matrix products, hence kernels, per layer
  int layers = 0;
  bool routed = false;
};

// What every token of a pass multiplies, the head apart.
std::vector<Matrices> layer_matrices(const ModelShape& shape);

// What every logit row multiplies: (vocab, hidden).
Matrices head_matrix(const ModelShape& shape);

}  // namespace speclab
