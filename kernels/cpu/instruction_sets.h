#pragma once

#include "kernels/cpu/arithmetic.h"

namespace speclab {

// One per file compiled for its instruction set; call `arithmetic` instead.
const Arithmetic& portable_arithmetic();
const Arithmetic& avx2_arithmetic();
const Arithmetic& avx512_arithmetic();

}  // namespace speclab
