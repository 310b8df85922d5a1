#include "kernels/cpu/early_exit.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/errors.h"

namespace speclab {
namespace {

LlamaWeights first_layers(LlamaWeights weights, int layers) {
  if (layers < 1 || layers >= weights.config.layers) {
    throw ConfigError(fmt::format("an exit after {} layers: the target has {}, so 1 to {} are early", layers,
                                  weights.config.layers, weights.config.layers - 1));
  }
  weights.layers.resize(static_cast<std::size_t>(layers));
  weights.config.layers = layers;
  return weights;
}

}  // namespace

EarlyExit::EarlyExit(CpuTransformer& whole, int layers)
    : CpuTransformer(first_layers(whole.weights(), layers), {.arithmetic = nullptr, .team = whole.team()}),
      whole_(whole) {}

void EarlyExit::open(SequenceId sequence) {
  CpuTransformer::open(sequence, whole_.cache(sequence));
  follow(sequence);
}

void EarlyExit::follow(SequenceId sequence) {
  CachedSequence& own = find(sequence);
  own.forget_nodes();
  own.length = whole_.length(sequence);
}

Work EarlyExit::keep(std::span<const Kept> batch) {
  for (const Kept& kept : batch) follow(kept.sequence);
  return {.op = Op::keep, .sequences = static_cast<int>(batch.size())};
}

Work EarlyExit::rewind(std::span<const Rewound> batch) {
  for (const Rewound& rewound : batch) {
    follow(rewound.sequence);
    CachedSequence& own = find(rewound.sequence);
    own.length = std::min(own.length, rewound.length);
  }
  return {.op = Op::rewind, .sequences = static_cast<int>(batch.size())};
}

}  // namespace speclab
