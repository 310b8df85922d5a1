#include "kernels/cuda/cuda_check.h"

#include "core/check.h"

namespace speclab {

void cuda_failed(cudaError_t error, const char* call, const char* file, int line) {
  throw CudaError(fmt::format("CUDA, {}:{}: {} gave {} ({})", file, line, call, cudaGetErrorName(error),
                              cudaGetErrorString(error)));
}

void wrong_shape(const char* kernel, const char* rule) {
  throw BrokenInvariant(fmt::format("kernel {}: {} does not hold", kernel, rule));
}

}  // namespace speclab
