#pragma once

#include <source_location>

#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

struct Grid {
  dim3 blocks, threads;
  std::size_t shared_bytes = 0;
  bool early = false;    // see early_start.h
  unsigned cluster = 1;  // neighbours in x; see cluster.h
};

// What a launch is called in messages, and where it stands.
struct LaunchName {
  LaunchName(const char* kernel, std::source_location here = std::source_location::current())
      : name(kernel), where(here) {}
  const char* name;
  std::source_location where;
};

// The only way in which a kernel starts. CudaError names kernel, file and line.
template <class... Parameters, class... Arguments>
void launch(LaunchName name, void (*kernel)(Parameters...), const Grid& grid, Stream& stream,
            Arguments... arguments) {
#ifdef SPECLAB_CUDA_SHIM
  cuda_shim::name_next_kernel(name.name);
#endif
  constexpr std::size_t kWithoutAsking = std::size_t{48} << 10;
  const auto check = [&](cudaError_t error) {
    check_cuda(error, name.name, name.where.file_name(), static_cast<int>(name.where.line()));
  };
  if (grid.shared_bytes > kWithoutAsking) {
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(grid.shared_bytes)));
  }
  cudaLaunchConfig_t config{};
  config.gridDim = grid.blocks;
  config.blockDim = grid.threads;
  config.dynamicSmemBytes = grid.shared_bytes;
  config.stream = stream.handle();
  cudaLaunchAttribute attributes[2];
  config.attrs = attributes;
  if (grid.early && stream.starts_early()) {
    cudaLaunchAttribute& early = attributes[config.numAttrs++];
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
  }
  if (grid.cluster > 1) {
    cudaLaunchAttribute& cluster = attributes[config.numAttrs++];
    cluster.id = cudaLaunchAttributeClusterDimension;
    cluster.val.clusterDim = {grid.cluster, 1, 1};
  }
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...));
}

constexpr unsigned ceil_div(long long amount, long long part) {
  return static_cast<unsigned>((amount + part - 1) / part);
}

}  // namespace speclab
