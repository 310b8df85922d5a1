#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <source_location>
#include <stdexcept>
#include <string>

#include "tests/support/cuda_shim/vector_types.h"

namespace cuda_shim {

// A kernel did what no device allows; the message names it, the block and the place.
class KernelFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Launch {
  std::string name;
  dim3 grid, block;
  std::size_t shared_bytes = 0;
  std::function<void()> body = {};  // one thread's
  bool early = false;  // may begin before what came before it has ended, so every thread has to wait for that
  unsigned cluster = 1;  // so many neighbours in x see each other's shared memory
};

// Runs all clusters of blocks one after another on this thread: a fiber per CUDA thread, which runs until it
// waits for others. Blocks and threads come in the order of control.h. Throws KernelFault.
void run(const Launch& launch);

// What follows is called by the threads of a running kernel.

// The block's dynamic shared memory: of exactly the size of the launch, 0xFF bytes at first.
std::byte* shared_bytes();

void wait_for_previous();  // nothing is before it here: only that it is called is checked
void wait_for_block(std::source_location where);
void wait_for_cluster(std::source_location where);
unsigned cluster_rank();
std::byte* shared_bytes_of(unsigned rank);  // of a block of the cluster

inline constexpr std::size_t kMaxExchanged = 32;  // bytes a lane
using Deposits = std::array<std::array<std::byte, kMaxExchanged>, 32>;
// Waits until every lane of `mask` has called it at the same place, and returns what each put in (0xFF where
// a lane took no part). Valid until the lane's next call.
const Deposits& exchange(unsigned mask, const void* mine, std::size_t bytes, std::source_location where);
unsigned lane();

}  // namespace cuda_shim
