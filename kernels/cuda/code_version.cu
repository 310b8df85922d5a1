#include "kernels/cuda/code_version.h"
#include "kernels/cuda/cuda_check.h"

namespace speclab {
namespace {

__global__ void any_kernel() {}

}  // namespace

bool compiled_for_hopper() {
  constexpr int kHopper = 90;
  cudaFuncAttributes attributes{};
  SPECLAB_CUDA(cudaFuncGetAttributes(&attributes, any_kernel));
  return attributes.ptxVersion >= kHopper;
}

}  // namespace speclab
