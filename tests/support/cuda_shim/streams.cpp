#include "tests/support/cuda_shim/streams.h"

#include <algorithm>
#include <exception>
#include <string>

#include "tests/support/cuda_shim/control.h"

namespace cuda_shim {
namespace {

struct Streams {
  std::vector<cudaStream_t> all;
  cudaError_t fault = cudaSuccess;
  std::string why;
  const char* kernel_name = "(without a name)";
};

Streams& streams() {
  static Streams one;
  return one;
}

void run_next(cudaStream_t stream) {
  const Operation operation = std::move(stream->queue.front());
  stream->queue.pop_front();
  operation();
}

// Everything that `body` runs; an exception becomes the device's fault.
template <class Body>
cudaError_t guarded(const Body& body) {
  if (streams().fault != cudaSuccess) return streams().fault;
  let_touch_device_memory(true);
  try {
    body();
  } catch (const std::exception& thrown) {
    streams().fault = cudaErrorLaunchFailure;
    streams().why = thrown.what();
    for (cudaStream_t stream : streams().all) stream->queue.clear();
  }
  let_touch_device_memory(false);
  return streams().fault;
}

void complete(cudaEvent_t event, std::int64_t record) {
  while (event->completed < record) run_next(event->stream);
}

}  // namespace

cudaError_t fault() { return streams().fault; }

bool captures() {
  return std::any_of(streams().all.begin(), streams().all.end(),
                     [](cudaStream_t stream) { return stream->capture != nullptr; });
}

cudaError_t drain(cudaStream_t stream) {
  return guarded([&] {
    while (!stream->queue.empty()) run_next(stream);
  });
}

cudaError_t drain_all() {
  return guarded([] {
    for (cudaStream_t stream : streams().all) {
      while (!stream->queue.empty()) run_next(stream);
    }
  });
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> operation) {
  if (streams().fault != cudaSuccess) return streams().fault;
  if (!stream) return cudaErrorInvalidValue;  // the project has no use for the default stream
  if (stream->capture) {
    stream->capture->operations.push_back(std::move(operation));
  } else {
    stream->queue.push_back(std::move(operation));
  }
  return cudaSuccess;
}

Traffic& counted_traffic() {
  static Traffic one;
  return one;
}
Traffic traffic() { return counted_traffic(); }

void name_next_kernel(const char* name) { streams().kernel_name = name; }

cudaError_t enqueue_kernel(const cudaLaunchConfig_t& config, std::function<void()> body) {
  const dim3 grid = config.gridDim, block = config.blockDim;
  const auto within = [](unsigned value, unsigned max) { return value >= 1 && value <= max; };
  const bool fits = within(grid.x, 0x7FFFFFFF) && within(grid.y, 65535) && within(grid.z, 65535) &&
                    within(block.x, 1024) && within(block.x * block.y * block.z, 1024) &&
                    config.dynamicSmemBytes <= std::size_t{227} * 1024;
  Launch launch{streams().kernel_name, grid, block, config.dynamicSmemBytes};
  launch.body = std::move(body);
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    const cudaLaunchAttribute& attribute = config.attrs[i];
    if (attribute.id == cudaLaunchAttributeProgrammaticStreamSerialization) launch.early = true;
    if (attribute.id == cudaLaunchAttributeClusterDimension) launch.cluster = attribute.val.clusterDim.x;
  }
  constexpr unsigned kMaxBlocks = 8;  // of a cluster, on every device that has clusters
  if (!fits || launch.cluster > kMaxBlocks || grid.x % launch.cluster != 0) return cudaErrorInvalidValue;
  ++counted_traffic().kernels;
  return enqueue(config.stream, [launch = std::move(launch)] { run(launch); });
}

void reset() {
  for (cudaStream_t stream : streams().all) {
    stream->queue.clear();
    stream->capture.reset();
  }
  streams().fault = cudaSuccess;
  reset_machine();
  set_order({});
}

}  // namespace cuda_shim

using namespace cuda_shim;

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorNotReady:
      return "cudaErrorNotReady";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
  }
  return "unknown";
}

const char* cudaGetErrorString(cudaError_t error) {
  if (error == cudaErrorLaunchFailure) return streams().why.c_str();
  if (error == cudaErrorMemoryAllocation) return "out of memory";
  if (error == cudaErrorNoDevice) return "no CUDA-capable device is detected";
  if (error == cudaErrorInsufficientDriver)
    return "CUDA driver version is insufficient for CUDA runtime version";
  return cudaGetErrorName(error);
}

cudaError_t cudaGetLastError() { return fault(); }

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  streams().all.push_back(*stream);
  return fault();
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const cudaError_t result = drain(stream);
  std::erase(streams().all, stream);
  delete stream;
  return result;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream->capture) return cudaErrorStreamCaptureUnsupported;
  if (!stream->queue.empty()) ++counted_traffic().waits;
  return drain(stream);
}

cudaError_t cudaDeviceSynchronize() { return captures() ? cudaErrorStreamCaptureUnsupported : drain_all(); }

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return fault();
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const cudaError_t result = cudaEventSynchronize(event);  // what is queued points to it
  delete event;
  return result;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  if (stream->capture && flags != cudaEventRecordExternal) return cudaErrorStreamCaptureUnsupported;
  const auto stamp = [event] { event->time = std::chrono::steady_clock::now(); };
  if (stream->capture) return enqueue(stream, stamp);
  const std::int64_t record = ++event->recorded;
  event->stream = stream;
  return enqueue(stream, [event, record, stamp] {
    stamp();
    event->completed = record;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->completed < event->recorded) ++counted_traffic().waits;
  return guarded([&] { complete(event, event->recorded); });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (fault() != cudaSuccess) return fault();
  return event->completed == event->recorded ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  if (fault() != cudaSuccess) return fault();
  if (begin->completed != begin->recorded || end->completed != end->recorded) return cudaErrorNotReady;
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - begin->time).count();
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (stream->capture) return cudaErrorStreamCaptureUnsupported;
  return enqueue(stream, [event, record = event->recorded] { complete(event, record); });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->capture) return cudaErrorStreamCaptureUnsupported;
  stream->capture = std::make_unique<CUgraph_st>();
  return fault();
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (!stream->capture) return cudaErrorStreamCaptureUnsupported;
  *graph = stream->capture.release();
  return fault();
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  if (short_of_memory()) return cudaErrorMemoryAllocation;
  *exec = new CUgraphExec_st{graph->operations};
  return fault();
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  return enqueue(stream, [operations = exec->operations] {
    for (const Operation& operation : operations) operation();
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return cudaSuccess;
}
