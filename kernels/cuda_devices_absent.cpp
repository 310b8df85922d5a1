#include "kernels/cuda_devices.h"

namespace speclab {

CudaDevices cuda_devices() {
  return {{}, "CUDA: this build has none (no toolkit was found when it was configured)"};
}

}  // namespace speclab
