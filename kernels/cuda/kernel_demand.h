#pragma once

namespace speclab {

// What a launch must move to and from device memory, each byte once, and compute (two operations per multiply
// and add): what a benchmark divides by its time.
struct KernelDemand {
  double bytes = 0;
  double flops = 0;
};

}  // namespace speclab
