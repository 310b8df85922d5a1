#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/cost/device.h"
#include "core/cost/model_shape.h"

namespace speclab {

// A model and how many devices share it.
struct PlacedModel {
  ModelShape shape;
  int devices = 1;
};

// What the busiest of the devices must hold, in bytes, and what of its memory can be used. A draft model on
// fewer devices than the target lies on the first ones.
struct Room {
  double weights = 0;  // of the target
  double drafts = 0;   // weights of the draft models
  double cache = 0;    // of all models
  double usable = 0;

  double needed() const { return weights + drafts + cache; }
  double missing() const { return needed() > usable ? needed() - usable : 0; }
  // "141.1 GB of weights + 0.7 GB of cache + 16.1 GB of drafts = 157.9 GB".
  std::string sum() const;
};

// `positions` has the length of each sequence that is in the caches at once. A key-value head lies whole on a
// device. Activations, graphs and what an engine keeps besides are in the part of memory that is not usable.
Room room(const Device& device, double usable_share, const PlacedModel& target,
          std::span<const PlacedModel> drafts, std::span<const int> positions);

}  // namespace speclab
