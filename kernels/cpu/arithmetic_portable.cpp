#include "kernels/cpu/attention_body.h"
#include "kernels/cpu/instruction_sets.h"
#include "kernels/cpu/lanes_portable.h"
#include "kernels/cpu/matmul_body.h"

namespace speclab {

const Arithmetic& portable_arithmetic() {
  using L = PortableLanes;
  static constexpr Arithmetic kTable{L::kName,  matmul<L>,        attention<L>,  rms_norm<L>,
                                     swiglu<L>, round_to_bf16<L>, all_finite<L>, exp_all<L>};
  return kTable;
}

}  // namespace speclab
