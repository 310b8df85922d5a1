#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <vector>

#include "tests/support/cuda_shim/control.h"
#include "tests/support/cuda_shim/streams.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace cuda_shim {
namespace {

constexpr std::size_t kAlignment = 256;  // as cudaMalloc promises

struct Memory {
  std::map<const std::byte*, std::size_t> device, pinned;  // begin -> bytes
  std::size_t total = std::size_t{4} << 30, used = 0, max = 0;
  int before_failure = -1;  // allocations; below 0: none is to fail
  bool failed = false;
  bool clusters = false;
  Driver driver;
};

Memory& memory() {
  static Memory one;
  return one;
}

using Blocks = std::map<const std::byte*, std::size_t>;

bool holds(const Blocks& blocks, const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  auto after = blocks.upper_bound(at);
  return after != blocks.begin() && at < std::prev(after)->first + std::prev(after)->second;
}

cudaError_t allocate(Blocks& blocks, void** where, std::size_t bytes) {
  if (captures()) return cudaErrorStreamCaptureUnsupported;
  if (bytes > 0 && short_of_memory()) return cudaErrorMemoryAllocation;
  *where = nullptr;
  if (fault() != cudaSuccess || bytes == 0) return fault();
  if (posix_memalign(where, kAlignment, bytes) != 0) return cudaErrorMemoryAllocation;
  std::memset(*where, 0xFF, bytes);
  blocks[static_cast<const std::byte*>(*where)] = bytes;
  let_touch_device_memory(false);
  return cudaSuccess;
}

cudaError_t release(Blocks& blocks, void* where) {
  if (!where) return cudaSuccess;
  if (captures()) return cudaErrorStreamCaptureUnsupported;
  const cudaError_t result = drain_all();
  const auto block = blocks.find(static_cast<const std::byte*>(where));
  if (block == blocks.end()) return cudaErrorInvalidValue;
#ifdef __SANITIZE_ADDRESS__
  ASAN_UNPOISON_MEMORY_REGION(where, block->second);
#endif
  std::memset(where, 0xFF, block->second);  // who still reads it finds no numbers
  blocks.erase(block);
  std::free(where);
  return result;
}

}  // namespace

void let_touch_device_memory(bool touch) {
#ifdef __SANITIZE_ADDRESS__
  for (const auto& [begin, bytes] : memory().device) {
    if (touch) {
      ASAN_UNPOISON_MEMORY_REGION(begin, bytes);
    } else {
      ASAN_POISON_MEMORY_REGION(begin, bytes);
    }
  }
#else
  (void)touch;
#endif
}

void set_clusters(bool there) { memory().clusters = there; }
void set_memory_bytes(std::size_t bytes) { memory().total = bytes; }
std::size_t memory_in_use() { return memory().used; }
std::size_t max_memory_used() { return memory().max; }
void set_driver(Driver driver) { memory().driver = driver; }
void reset_machine() {
  set_memory_bytes(std::size_t{4} << 30);
  set_driver({});
  set_clusters(false);
  fail_allocation_after(-1);
  memory().max = memory().used;
}

void fail_allocation_after(int count) {
  memory().before_failure = count;
  memory().failed = false;
}
bool allocation_failed() { return memory().failed; }
bool short_of_memory() {
  if (memory().before_failure < 0 || memory().before_failure-- > 0) return false;
  return memory().failed = true;
}

}  // namespace cuda_shim

using namespace cuda_shim;

cudaError_t cudaGetDeviceCount(int* count) {
  *count = memory().driver.devices;
  return static_cast<cudaError_t>(memory().driver.error);
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidValue; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return cudaErrorInvalidValue;
  const Driver& driver = memory().driver;
  *properties = {.name = "the host, through the shim",
                 .major = driver.compute_major,
                 .minor = driver.compute_minor,
                 .multiProcessorCount = 132,
                 .l2CacheSize = 1 << 20,
                 .memoryBusWidth = 5120,
                 .totalGlobalMem = memory().total,
                 .sharedMemPerBlockOptin = std::size_t{227} * 1024};
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor:
      *value = memory().driver.compute_major;
      break;
    case cudaDevAttrClusterLaunch:
      *value = memory().clusters ? 1 : 0;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = 227 << 10;
      break;
    case cudaDevAttrMemoryClockRate:
      *value = 2'600'000;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = 132;
      break;
  }
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = memory().total;
  *free = memory().total > memory().used ? memory().total - memory().used : 0;
  return fault();
}

cudaError_t cudaMalloc(void** where, std::size_t bytes) {
  *where = nullptr;
  if (memory().used + bytes > memory().total) return cudaErrorMemoryAllocation;
  const cudaError_t result = allocate(memory().device, where, bytes);
  if (result == cudaSuccess) memory().used += bytes;
  memory().max = std::max(memory().max, memory().used);
  return result;
}

cudaError_t cudaFree(void* where) {
  const auto found = memory().device.find(static_cast<const std::byte*>(where));
  const std::size_t bytes = found == memory().device.end() ? 0 : found->second;
  const cudaError_t result = release(memory().device, where);
  if (result == cudaSuccess) memory().used -= bytes;
  return result;
}

cudaError_t cudaMallocHost(void** where, std::size_t bytes) {
  return allocate(memory().pinned, where, bytes);
}
cudaError_t cudaFreeHost(void* where) { return release(memory().pinned, where); }

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (bytes == 0) return fault();
  ++counted_traffic().copies;
  const bool to_device = holds(memory().device, to), from_device = holds(memory().device, from);
  if (from_device && !to_device) counted_traffic().returned_bytes += bytes;
  const bool as_said = kind == cudaMemcpyDefault || (to_device == (kind != cudaMemcpyDeviceToHost) &&
                                                     from_device == (kind != cudaMemcpyHostToDevice));
  if (!as_said) return cudaErrorInvalidValue;
  const bool pageable =
      (!to_device && !holds(memory().pinned, to)) || (!from_device && !holds(memory().pinned, from));
  if (pageable && stream->capture) return cudaErrorStreamCaptureUnsupported;
  if (!from_device && pageable) {
    const auto* begin = static_cast<const std::byte*>(from);
    return enqueue(stream, [to, staged = std::vector<std::byte>(begin, begin + bytes)] {
      std::memcpy(to, staged.data(), staged.size());
    });
  }
  const cudaError_t result = enqueue(stream, [=] { std::memmove(to, from, bytes); });
  return result == cudaSuccess && pageable ? drain(stream) : result;
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  if (!holds(memory().device, to)) return cudaErrorInvalidValue;
  return enqueue(stream, [=] { std::memset(to, value, bytes); });
}
