// Passes timed on the device's own clock: rows stay there, passes are captured, texts are rewound.
#include <gtest/gtest.h>

#include "core/metered.h"
#include "experiments/point/pass_timing.h"
#include "kernels/cuda/cuda_clock.h"
#include "kernels/cuda/cuda_transformer.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"

namespace speclab {
namespace {

class PassTimingOnDevice : public OnDevice {};

TEST_F(PassTimingOnDevice, FindsATimeOfEverySize) {
  const auto stream = std::make_shared<Stream>();
  const LlamaConfig config = smallest_config("LlamaForCausalLM");
  const auto target = random_cuda_model(config, Dtype::bf16, CudaPrecision::as_stored, 1, {.stream = stream});
  const auto draft = random_cuda_model(config, Dtype::bf16, CudaPrecision::as_stored, 2, {.stream = stream});
  CudaClock clock(*stream);
  Metered metered_target(*target, Actor::target, clock), metered_draft(*draft, Actor::draft, clock);
  const TimedModel models[] = {{&metered_target, Actor::target, "t", 12},
                               {&metered_draft, Actor::draft, "d", 12}};
  for (const PassTable& table : time_passes(models, clock, 2, 5)) {
    std::vector<int> sizes;
    for (const TimedPass& pass : table) {
      sizes.push_back(pass.new_tokens);
      EXPECT_GT(pass.lower, 0);
      EXPECT_GE(pass.seconds, pass.lower);
    }
    EXPECT_EQ(sizes, (std::vector<int>{1, 2, 4, 6, 8, 10, 12, 16})) << "4 of 12 positions are cached";
  }
  EXPECT_GT(target->graphs(), 0u);
  EXPECT_NO_THROW(target->open(SequenceId{0})) << "it is closed";
}

}  // namespace
}  // namespace speclab
