// The shipped heads on the processor against PyTorch's.
#include <gtest/gtest.h>

#include "kernels/cpu/cpu_eagle.h"
#include "kernels/cpu/cpu_heads.h"
#include "tests/support/pytorchs_heads.h"

namespace speclab {
namespace {

// Activations are rounded to bf16 before each matrix here and not there: by 2^-9 at most, which is 2^-9 /
// sqrt(3) of each sum's spread. The target's 28 matrices and a head's two to eleven in a row are sqrt(39)
// times that, 0.7 % of the logits' spread, and what is compared is the largest of five of four thousand: four
// times that, of the largest logit.
constexpr double kTolerance = 3e-2;

TEST(HeadsReference, EqualsPyTorch) {
  CpuTransformer target(load_weights(shipped_target()));
  const LlamaWeights& weights = target.weights();
  CpuHeads medusa(load_medusa(shipped_heads("medusa"), weights)),
      hydra(load_hydra(shipped_heads("hydra"), weights));
  expect_pytorchs_heads("medusa", target, medusa, kTolerance);
  expect_pytorchs_heads("hydra", target, hydra, kTolerance);
  for (const char* kind : {"eagle", "eagle3"}) {
    SCOPED_TRACE(kind);
    CpuEagle layer(load_eagle(shipped_heads(kind), weights));
    target.tap(layer.taps());
    expect_pytorchs_layer(kind, target, layer, kTolerance);
  }
}

}  // namespace
}  // namespace speclab
