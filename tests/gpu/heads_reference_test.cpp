// The shipped heads on the device against PyTorch's.
#include <gtest/gtest.h>

#include "tests/gpu/host_rows.h"
#include "tests/gpu/on_device.h"
#include "tests/support/pytorchs_heads.h"

namespace speclab {
namespace {

class HeadsReferenceOnDevice : public OnDevice {};

// Beside what the processor rounds (tests/unit/heads_reference_test.cpp) queries, keys, values and the
// weights of attention are rounded: 17 roundings for every 8 in the target's layers and an EAGLE layer, so
// sqrt(2) of the processor's 3 %.
constexpr double kTolerance = 4.3e-2;

#ifdef SPECLAB_CUDA_SHIM
constexpr int kPlaces = 2;  // the others take the stand-in half a minute
#else
constexpr int kPlaces = 4;
#endif

TEST_F(HeadsReferenceOnDevice, equals_pytorch) {
  HostRows target(load_cuda_model(shipped_target()));
  CudaTransformer& on = target.inner();
  HostHeadRows medusa(load_cuda_medusa(shipped_heads("medusa"), on)),
      hydra(load_cuda_hydra(shipped_heads("hydra"), on));
  expect_pytorchs_heads("medusa", target, medusa, kTolerance, kPlaces);
  expect_pytorchs_heads("hydra", target, hydra, kTolerance, kPlaces);
  for (const char* kind : {"eagle", "eagle3"}) {
    SCOPED_TRACE(kind);
    HostFeatureRows layer(load_cuda_eagle(shipped_heads(kind), on));
    target.tap(layer.taps());
    expect_pytorchs_layer(kind, target, layer, kTolerance, kPlaces);
  }
}

}  // namespace
}  // namespace speclab
