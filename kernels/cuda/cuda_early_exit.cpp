#include "kernels/cuda/cuda_early_exit.h"

namespace speclab {
namespace {

// Views: the memory stays the whole model's.
CudaWeights first_layers(const CudaWeights& whole, int layers) {
  CudaWeights weights{whole, whole.config, whole.dtype, whole.precision, {}};
  leave_after(weights, layers);
  return weights;
}

}  // namespace

CudaEarlyExit::CudaEarlyExit(CudaTransformer& whole, int layers)
    : EarlyExitOf(whole, first_layers(whole.weights(), layers), whole) {}

}  // namespace speclab
