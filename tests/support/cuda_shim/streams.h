#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "tests/support/cuda_shim/control.h"
#include "tests/support/cuda_shim/cuda_runtime.h"

using Operation = std::function<void()>;

struct CUgraph_st {
  std::vector<Operation> operations;
};
struct CUgraphExec_st {
  std::vector<Operation> operations;
};
struct CUstream_st {
  std::deque<Operation> queue;
  std::unique_ptr<CUgraph_st> capture;
};
struct CUevent_st {
  CUstream_st* stream = nullptr;  // of the latest record
  std::int64_t recorded = 0, completed = 0;
  std::chrono::steady_clock::time_point time;
};

namespace cuda_shim {

Traffic& counted_traffic();
void reset_machine();  // memory and driver
cudaError_t fault();   // of the past; cudaSuccess: none
bool captures();       // whether any stream does
cudaError_t drain(cudaStream_t stream);
cudaError_t drain_all();
// Whether work of the device runs. With the address sanitizer its memory can be touched only then.
void let_touch_device_memory(bool touch);
bool short_of_memory();  // asked once for each allocation

}  // namespace cuda_shim
