#pragma once

#include "kernels/cpu/cpu_transformer.h"
#include "kernels/llama/early_exit_of.h"

namespace speclab {

class EarlyExit : public EarlyExitOf<CpuTransformer> {
 public:
  // 1 <= layers < those of `whole`, which must outlive it; ConfigError otherwise.
  EarlyExit(CpuTransformer& whole, int layers);
};

}  // namespace speclab
