#include <cuda_runtime.h>

#include "kernels/cuda_devices.h"

namespace speclab {
namespace {

int attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  return cudaDeviceGetAttribute(&value, which, device) == cudaSuccess ? value : 0;
}

}  // namespace

CudaDevices cuda_devices() {
  CudaDevices found;
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) {
    found.absent = std::string("CUDA: ") + cudaGetErrorString(error);
    return found;
  }
  if (count == 0) found.absent = "CUDA: there is no device";
  for (int device = 0; device < count; ++device) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, device) != cudaSuccess) continue;
    const double clock_hz = 1e3 * attribute(cudaDevAttrMemoryClockRate, device);
    found.devices.push_back(
        {properties.name, std::to_string(properties.major) + "." + std::to_string(properties.minor),
         static_cast<double>(properties.totalGlobalMem), 2 * clock_hz * properties.memoryBusWidth / 8,
         properties.multiProcessorCount, properties.major < kMinComputeMajor});
  }
  return found;
}

}  // namespace speclab
