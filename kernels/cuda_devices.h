#pragma once

#include <string>
#include <vector>

namespace speclab {

// Models run on devices of this compute capability and above: older ones have no products of bf16.
inline constexpr int kMinComputeMajor = 8;

// A CUDA device of this machine, as its driver describes it.
struct CudaDevice {
  std::string name;
  std::string compute_capability;  // "9.0"
  double memory_bytes = 0;
  double bytes_per_second =
      0;  // of the data sheet: memory clock x bus width x 2; 0 where the driver does not tell
  int multiprocessors = 0;
  bool too_old = false;  // for models to run on it
};

struct CudaDevices {
  std::vector<CudaDevice> devices;
  std::string absent;  // why there are none: this build has no CUDA, no driver, no device
};

CudaDevices cuda_devices();

}  // namespace speclab
