#pragma once

namespace speclab {

// Whether the kernels that run on the thread's device were compiled for compute capability 9.0 at least:
// others know neither early starts nor clusters, even where the device does.
bool compiled_for_hopper();

}  // namespace speclab
