#include "core/cost/room.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/cost/memory_need.h"

namespace speclab {
namespace {

constexpr double kGigabyte = 1e9;

double cache_on_one(const PlacedModel& model, std::span<const int> positions) {
  return cache_bytes(model.shape, positions) / std::min(model.devices, model.shape.kv_heads);
}

}  // namespace

std::string Room::sum() const {
  return fmt::format("{:.1f} GB of weights + {:.1f} GB of cache + {:.1f} GB of drafts = {:.1f} GB",
                     weights / kGigabyte, cache / kGigabyte, drafts / kGigabyte, needed() / kGigabyte);
}

Room room(const Device& device, double usable_share, const PlacedModel& target,
          std::span<const PlacedModel> drafts, std::span<const int> positions) {
  Room found;
  found.usable = usable_share * device.memory_gb * kGigabyte;
  found.weights = weight_bytes(target.shape) / target.devices;
  found.cache = cache_on_one(target, positions);
  for (const PlacedModel& draft : drafts) {
    found.drafts += weight_bytes(draft.shape) / draft.devices;
    found.cache += cache_on_one(draft, positions);
  }
  return found;
}

}  // namespace speclab
