#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

namespace speclab {

// The machine said no: the call, where it stands, and the driver's reason.
class CudaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] void cuda_failed(cudaError_t error, const char* call, const char* file, int line);

inline void check_cuda(cudaError_t error, const char* call, const char* file, int line) {
  if (error != cudaSuccess) [[unlikely]]
    cuda_failed(error, call, file, line);
}

// For launchers: where a shape is one that the kernel is not made for. BrokenInvariant, as SPECLAB_CHECK.
[[noreturn]] void wrong_shape(const char* kernel, const char* rule);

inline void require(bool holds, const char* kernel, const char* rule) {
  if (!holds) [[unlikely]]
    wrong_shape(kernel, rule);
}

}  // namespace speclab

#define SPECLAB_CUDA(call) ::speclab::check_cuda((call), #call, __FILE__, __LINE__)
