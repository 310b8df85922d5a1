#pragma once

#include <memory>

#include "experiments/point/backend.h"

namespace speclab {

// Models on a CUDA device of this machine, the first being 0. ConfigError where this build has no CUDA, where
// there is no such device, or where its driver does not answer. CudaError later, where the device fails.
std::unique_ptr<Backend> make_cuda_backend(int device);

}  // namespace speclab
