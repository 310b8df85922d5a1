#pragma once

#include <cstddef>
#include <cstdint>

namespace cuda_shim {

// In which order blocks run, and the threads of a block between two barriers. Where the order shows in a
// result, a barrier is missing.
struct Order {
  enum class Kind { forward, reverse, shuffled };
  Kind kind = Kind::forward;
  std::uint64_t seed = 0;
};
void set_order(Order order);

// Whether the pretended device has clusters; not at first, since their many fibers take time.
void set_clusters(bool there);

void set_memory_bytes(std::size_t bytes);  // of the pretended device; 4 GiB at first
std::size_t memory_in_use();
std::size_t max_memory_used();  // since the last reset

// What the driver says. At first there is one device, and it is new enough.
struct Driver {
  int error = 0;  // of the question for devices: a cudaError_t
  int devices = 1;
  int compute_major = 9, compute_minor = 0;
};
void set_driver(Driver driver);
// After so many more allocations, of the device's and of pinned memory and of graphs, one finds no room.
void fail_allocation_after(int count);
bool allocation_failed();  // whether it has come to that
// What was put into streams, captured or not, and how often the host waited for work that was not done. Since
// the program began.
struct Traffic {
  int kernels = 0, copies = 0, waits = 0;
  std::size_t returned_bytes = 0;  // copied from the device to the host
};
Traffic traffic();
// After a fault every call fails, as on a device. This makes machine and device whole again and forgets what
// is queued.
void reset();

}  // namespace cuda_shim
