#include "kernels/cpu/early_exit.h"

namespace speclab {
namespace {

LlamaWeights first_layers(LlamaWeights weights, int layers) {
  leave_after(weights, layers);
  return weights;
}

}  // namespace

EarlyExit::EarlyExit(CpuTransformer& whole, int layers)
    : EarlyExitOf(whole, first_layers(whole.weights(), layers),
                  CpuOptions{.arithmetic = nullptr, .team = whole.team()}) {}

}  // namespace speclab
