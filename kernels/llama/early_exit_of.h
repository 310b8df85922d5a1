#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/errors.h"
#include "core/language_model.h"

namespace speclab {

// Takes all layers after the first ones away. ConfigError unless 1 <= layers < those of the weights.
template <class Weights>
void leave_after(Weights& weights, int layers) {
  if (layers < 1 || layers >= weights.config.layers) {
    throw ConfigError(fmt::format("an exit after {} layers: the target has {}, so 1 to {} are early", layers,
                                  weights.config.layers, weights.config.layers - 1));
  }
  weights.layers.resize(static_cast<std::size_t>(layers));
  weights.config.layers = layers;
}

// The first layers of a transformer, then its last norm and its head, as a model of its own (LayerSkip,
// Elhoushi et al. 2024, arXiv 2404.16710, section 4.3). It has no cache: what the whole model stored of the
// text serves it too, and what it adds beyond the text is overwritten by the whole model's next pass. So a
// sequence is open here only while it is open there, and both are asked to `keep`, the whole model first.
template <class Model>
class EarlyExitOf : public Model {
 public:
  void open(SequenceId sequence) override {
    Model::open(sequence, whole_.cache(sequence));
    follow(sequence);
  }
  Work commit(std::span<const Commit> batch) override {  // moves nothing
    for (const Commit& kept : batch) follow(kept.sequence);
    return {.op = Op::commit, .sequences = static_cast<int>(batch.size())};
  }
  Work truncate(std::span<const Truncation> batch) override {  // moves nothing
    for (const Truncation& rewound : batch) {
      follow(rewound.sequence);
      auto& own = this->find(rewound.sequence);
      own.length = std::min(own.length, rewound.length);
    }
    return {.op = Op::truncate, .sequences = static_cast<int>(batch.size())};
  }

 protected:
  // `whole` must outlive it; the rest makes the model of its first layers.
  template <class... Arguments>
  explicit EarlyExitOf(Model& whole, Arguments&&... arguments)
      : Model(std::forward<Arguments>(arguments)...), whole_(whole) {}

 private:
  void follow(SequenceId sequence) {
    auto& own = this->find(sequence);
    own.forget_nodes();
    own.length = whole_.length(sequence);
  }

  Model& whole_;
};

}  // namespace speclab
