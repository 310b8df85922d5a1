#include "kernels/cuda/runtime.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "kernels/cuda/code_version.h"
#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda_devices.h"

namespace speclab {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;

// For destructors: nothing can be thrown there, and the error comes back at the next call.
void quietly(cudaError_t) {}

int attribute(cudaDeviceAttr which) {  // of the thread's device
  int device = 0, value = 0;
  SPECLAB_CUDA(cudaGetDevice(&device));
  SPECLAB_CUDA(cudaDeviceGetAttribute(&value, which, device));
  return value;
}

}  // namespace

std::string use_cuda_device(int number) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) {
    throw ConfigError(
        fmt::format("there is no usable CUDA device: {} (speclab list devices)", cudaGetErrorString(error)));
  }
  if (count == 0) throw ConfigError("there is no CUDA device (speclab list devices)");
  if (number < 0 || number >= count) {
    throw ConfigError(fmt::format("CUDA device {}, but there are {} (counted from 0; speclab list devices)",
                                  number, count));
  }
  cudaDeviceProp properties{};
  SPECLAB_CUDA(cudaGetDeviceProperties(&properties, number));
  if (properties.major < kMinComputeMajor) {
    throw ConfigError(fmt::format("{} has compute capability {}.{}, but {}.0 is the least (bf16 products)",
                                  properties.name, properties.major, properties.minor, kMinComputeMajor));
  }
  SPECLAB_CUDA(cudaSetDevice(number));
  return properties.name;
}

int multiprocessors() { return attribute(cudaDevAttrMultiProcessorCount); }

Stream::Stream() {
  SPECLAB_CUDA(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking));
  constexpr int kHopper = 9;
  can_start_early_ = attribute(cudaDevAttrComputeCapabilityMajor) >= kHopper && compiled_for_hopper();
  starts_early_ = can_start_early_;
  has_clusters_ = can_start_early_ && attribute(cudaDevAttrClusterLaunch) != 0;
  max_shared_bytes_ = static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin));
}
Stream::~Stream() { quietly(cudaStreamDestroy(handle_)); }
void Stream::wait() { SPECLAB_CUDA(cudaStreamSynchronize(handle_)); }
void Stream::drain() noexcept { quietly(cudaStreamSynchronize(handle_)); }

Event::Event(Use use) {
  SPECLAB_CUDA(
      cudaEventCreateWithFlags(&handle_, use == Use::timing ? cudaEventDefault : cudaEventDisableTiming));
}
Event::~Event() {
  if (handle_) quietly(cudaEventDestroy(handle_));
}
void Event::record(Stream& stream) { SPECLAB_CUDA(cudaEventRecord(handle_, stream.handle())); }
void Event::record_in_graph(Stream& stream) {
  SPECLAB_CUDA(cudaEventRecordWithFlags(handle_, stream.handle(), cudaEventRecordExternal));
}
void Event::hold(Stream& stream) const { SPECLAB_CUDA(cudaStreamWaitEvent(stream.handle(), handle_)); }
void Event::wait() const { SPECLAB_CUDA(cudaEventSynchronize(handle_)); }
double Event::seconds_since(const Event& begin) const {
  float milliseconds = 0;
  SPECLAB_CUDA(cudaEventElapsedTime(&milliseconds, begin.handle_, handle_));
  return 1e-3 * static_cast<double>(milliseconds);
}

Graph::Graph(Stream& stream, const std::function<void()>& work) {
  SPECLAB_CUDA(cudaStreamBeginCapture(stream.handle(), cudaStreamCaptureModeThreadLocal));
  cudaGraph_t graph = nullptr;
  try {
    work();
  } catch (...) {
    quietly(cudaStreamEndCapture(stream.handle(), &graph));
    if (graph) quietly(cudaGraphDestroy(graph));
    throw;
  }
  SPECLAB_CUDA(cudaStreamEndCapture(stream.handle(), &graph));
  const cudaError_t error = cudaGraphInstantiate(&handle_, graph, 0);
  quietly(cudaGraphDestroy(graph));
  check_cuda(error, "cudaGraphInstantiate", __FILE__, __LINE__);
}
Graph::~Graph() {
  if (handle_) quietly(cudaGraphExecDestroy(handle_));
}
void Graph::launch(Stream& stream) const { SPECLAB_CUDA(cudaGraphLaunch(handle_, stream.handle())); }

Memory::Memory(Place place, std::size_t bytes, const char* what) : place_(place), bytes_(bytes) {
  const cudaError_t error =
      place == Place::device ? cudaMalloc(&data_, bytes) : cudaMallocHost(&data_, bytes);
  if (error == cudaErrorMemoryAllocation) {
    quietly(cudaGetLastError());
    std::size_t free = 0, total = 0;
    SPECLAB_CUDA(cudaMemGetInfo(&free, &total));
    throw CudaError(fmt::format(
        "out of {} memory: {} needs {:.1f} MiB, but {:.1f} of the device's {:.1f} MiB are free",
        place == Place::device ? "device" : "pinned host", what, static_cast<double>(bytes) / kMebibyte,
        static_cast<double>(free) / kMebibyte, static_cast<double>(total) / kMebibyte));
  }
  check_cuda(error, what, __FILE__, __LINE__);
}
Memory::~Memory() {
  if (data_) quietly(place_ == Place::device ? cudaFree(data_) : cudaFreeHost(data_));
}

void copy_bytes(void* to, const void* from, std::size_t bytes, Stream& stream) {
  if (bytes == 0) return;  // there may be no memory
  SPECLAB_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream.handle()));
}
void fill_bytes(void* to, int value, std::size_t bytes, Stream& stream) {
  if (bytes == 0) return;  // there may be no memory
  SPECLAB_CUDA(cudaMemsetAsync(to, value, bytes, stream.handle()));
}

}  // namespace speclab
