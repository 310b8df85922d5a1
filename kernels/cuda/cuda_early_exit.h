#pragma once

#include "kernels/cuda/cuda_transformer.h"
#include "kernels/llama/early_exit_of.h"

namespace speclab {

// On the device of the whole model, with its weights, pages and stream.
class CudaEarlyExit : public EarlyExitOf<CudaTransformer> {
 public:
  // 1 <= layers < those of `whole`, which must outlive it; ConfigError otherwise.
  CudaEarlyExit(CudaTransformer& whole, int layers);
};

}  // namespace speclab
