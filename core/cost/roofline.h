#pragma once

#include <vector>

#include "core/cost/device.h"
#include "core/cost/matrices.h"
#include "core/cost/model_shape.h"
#include "core/cost_model.h"

namespace speclab {

// Where the time of some work goes, in seconds.
struct Price {
  Seconds weights = 0;        // matrix products: streaming weights or computing with them
  Seconds attention = 0;      // reading the cache, or scoring
  Seconds communication = 0;  // all-reduces between devices
  Seconds overhead = 0;       // starts of kernels, what layers and passes take besides
  Seconds cache = 0;          // moving kept positions
  Seconds host = 0;           // steps, drafters and rules
  Seconds offload = 0;        // weights that are brought from the host's memory

  Seconds total() const {
    return ((weights + overhead) + (communication + attention)) + (cache + host) + offload;
  }
};

// Tokens that the hardware computes for n: multiples of a small tile up to 64, of the large one beyond.
// Kernels that unpack quantised weights have a small tile of their own.
double padded_tokens(const Efficiency& efficiency, double tokens, bool quantised = false);

// Prices work on one kind of device from shapes and a few fitted constants; configs/devices/README.md has the
// formula, its sources and its errors. Not for use by several threads at once: what depends on
// the number of tokens is remembered.
class Roofline : public CostModel {
 public:
  // drafts[i] is Actor::draft + i. Every model is split among `tensor_parallel` devices. Throws ConfigError
  // when that cannot be, ImpossiblePoint when they cannot share a model.
  Roofline(Device device, ModelShape target, std::vector<ModelShape> drafts = {}, int tensor_parallel = 1);

  // Split among so many devices. The i of its Actor::draft + i.
  int add_draft(ModelShape shape, int tensor_parallel);
  // So large a part of the model's layers, spread evenly, lies in the host's memory: what a pass streams of
  // it is brought over the host link first and multiplied then. ConfigError for a device without such a link.
  void offload(Actor actor, double part);

  Seconds price(const Work& work) const override { return explain(work).total(); }
  bool knows(Actor actor) const override { return static_cast<std::size_t>(actor) <= models_.size(); }
  Price explain(const Work& work) const;

  // The parts that depend on tokens or rows only, computed afresh; `explain` remembers them.
  Price layers(Actor actor, int tokens) const;
  Price head(Actor actor, int rows) const;

  const Device& device() const { return device_; }

 private:
  struct Model {
    ModelShape shape;
    int devices = 1;
    double offloaded = 0;  // part of the layers' bytes
    std::vector<Matrices> matrices;
    Matrices head;
    Seconds per_position = 0;  // of the cache, read or written once
    Seconds per_pair = 0;
    double windowed_part = 0;              // of the layers
    Seconds launch = 0;                    // of a pass
    mutable std::vector<Price> layers_of;  // by tokens, filled as far as was asked
    mutable std::vector<Price> head_of;    // by rows
    mutable Price long_layers, long_head;  // of the last pass that is too long for the tables
  };
  Model prepared(ModelShape shape, int devices) const;
  std::size_t index(Actor actor) const;
  const Model& model(Actor actor) const { return models_[index(actor)]; }
  Seconds product(const Model& model, double weights, double bits, double tokens) const;
  Price compute_layers(const Model& model, int tokens) const;
  Price compute_head(const Model& model, int rows) const;

  Device device_;
  std::vector<Model> models_;  // the target, then the drafts
};

}  // namespace speclab
