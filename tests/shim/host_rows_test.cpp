// What reading a pass on the host costs: one wait, and copies of what is read.
#include "kernels/cuda/host_rows.h"

#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"

namespace speclab {
namespace {

using cuda_shim::Traffic;

class HostRowsOnShim : public OnDevice {
 protected:
  // Of one more token, after passes that let memory grow.
  Traffic pass(Give give) {
    const std::vector<Token> token{3};
    const Slice slice{.sequence = SequenceId{1}, .text = token, .give = give};
    const Traffic before = cuda_shim::traffic();
    forward_ = &model_->forward({&slice, 1});
    const Traffic after = cuda_shim::traffic();
    return {.copies = after.copies - before.copies,
            .waits = after.waits - before.waits,
            .copied_bytes = after.copied_bytes - before.copied_bytes};
  }
  std::size_t bytes(int numbers) const { return static_cast<std::size_t>(numbers) * sizeof(float); }
  void SetUp() override {
    OnDevice::SetUp();
    model_ = cuda_model(config_, random_tensors(config_, Dtype::bf16, 5));
    model_->open(SequenceId{1});
    for (int i = 0; i < 3; ++i) pass(Give::scores);
  }

  LlamaConfig config_ = smallest_config("LlamaForCausalLM");
  std::unique_ptr<HostRows> model_;
  const Forward* forward_ = nullptr;
};

// Beside rows a pass copies its plan and its flags.
TEST_F(HostRowsOnShim, copy_what_is_read_and_wait_once) {
  const Traffic nothing = pass(Give::nothing);
  EXPECT_EQ(nothing.copies, 2);
  EXPECT_EQ(nothing.waits, 1);
  const Traffic scores = pass(Give::scores);
  EXPECT_EQ(scores.copies, 4);
  EXPECT_EQ(scores.waits, 1);
  EXPECT_EQ(model_->hidden(), config_.hidden);

  model_->offer_hidden(false);
  EXPECT_EQ(model_->hidden(), 0);
  const Traffic logits = pass(Give::scores);
  EXPECT_EQ(logits.copies, 3);
  EXPECT_EQ(logits.waits, 1);
  EXPECT_EQ(logits.copied_bytes, scores.copied_bytes - bytes(config_.hidden));
  EXPECT_EQ(forward_->hidden.data, nullptr);

  model_->tap(std::vector<int>{1});
  const Traffic tapped = pass(Give::features);
  EXPECT_EQ(tapped.copies, 3);
  EXPECT_EQ(tapped.waits, 1);
}

}  // namespace
}  // namespace speclab
