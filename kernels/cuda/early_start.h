#pragma once

#include <cuda_runtime.h>

namespace speclab {

// A kernel that is launched early (Grid::early) may begin while what came before it in the stream still runs,
// so that the memory is not idle in between (programmatic dependent launch, compute capability 9.0 on;
// elsewhere nothing of this happens). Every thread of it waits before it ends; until then it reads only what
// no kernel writes, and writes nothing.

// Where all blocks have called it, or ended, the next kernel may begin.
__device__ inline void let_next_begin() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// Until all that came before has ended and what it wrote can be seen.
__device__ inline void wait_for_previous() {
#ifdef SPECLAB_CUDA_SHIM
  cuda_shim::wait_for_previous();
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Both at once, for kernels that have nothing to do before.
__device__ inline void follow_previous() {
  let_next_begin();
  wait_for_previous();
}

}  // namespace speclab
