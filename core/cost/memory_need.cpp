#include "core/cost/memory_need.h"

#include "core/cost/demand.h"
#include "core/cost/matrices.h"

namespace speclab {

double layer_bytes(const ModelShape& shape) {
  double sum = 0;
  for (const Matrices& matrices : layer_matrices(shape)) {
    sum +=
        matrices.weights * matrices.layers * (matrices.routed ? shape.experts.count : 1) * matrices.bits / 8;
  }
  return sum;
}

double weight_bytes(const ModelShape& shape) {
  const Matrices head = head_matrix(shape);
  const double tables = shape.borrowed_embeddings ? 0 : shape.tied_embeddings ? 1 : 2;
  return layer_bytes(shape) + tables * head.weights * head.bits / 8 +
         2.0 * shape.learned_positions * shape.hidden;
}

double cache_bytes(const ModelShape& shape, std::span<const int> positions) {
  const double windowed = 1.0 * shape.windowed_layers / shape.layers;
  double held = 0;
  for (const int length : positions) held += seen(length, shape.window, windowed);
  return held * cache_bytes_per_position(shape);
}

}  // namespace speclab
