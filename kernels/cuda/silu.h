#pragma once

#include <cuda_runtime.h>

namespace speclab {

// x times its logistic function.
__device__ inline float silu(float x) { return x / (1.0f + expf(-x)); }

}  // namespace speclab
