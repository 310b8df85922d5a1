#include "kernels/cuda/cuda_clock.h"

#include <chrono>
#include <optional>
#include <thread>

#include "core/check.h"
#include "tests/gpu/on_device.h"

namespace speclab {
namespace {

constexpr Work kPass{.actor = Actor::target, .op = Op::forward, .new_tokens = 3};
constexpr Work kKeep{.actor = Actor::target, .op = Op::commit};
constexpr Work kDraft{.op = Op::draft};
constexpr Work kStep{.op = Op::step};

class CudaClockOnDevice : public OnDevice {
 protected:
  void SetUp() override {
    OnDevice::SetUp();
    if (!IsSkipped()) stream_.emplace();
  }
  // The host is busy, and the device waits for it, as reading results makes it.
  void host_works(double milliseconds) {
    stream_->wait();
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(milliseconds));
  }
  static double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  std::optional<Stream> stream_;
};

// Steps as the decoder makes them: a draft with a pass within it, a pass, a keep.
TEST_F(CudaClockOnDevice, charges_each_interval_its_own_and_all_of_them_wall_time) {
  CudaClock clock(*stream_);
  stream_->wait();
  const auto begin = std::chrono::steady_clock::now();
  Seconds sum = 0;
  for (int step = 0; step < 3; ++step) {
    const int whole = clock.start();
    stream_->wait();
    const int draft = clock.start();
    host_works(6);
    const int drafts_pass = clock.start();
    clock.stop(drafts_pass, {.actor = Actor::draft, .op = Op::forward});
    host_works(4);
    clock.stop(draft, kDraft);
    const int pass = clock.start();
    host_works(9);
    clock.stop(pass, kPass);
    host_works(2);
    clock.stop(clock.start(), kKeep);
    clock.stop(whole, kStep);
    const auto charges = clock.settle();
    ASSERT_EQ(charges.size(), 5u);
    EXPECT_EQ(charges[0].work, kStep);
    EXPECT_EQ(charges[1].work, kDraft);
    EXPECT_EQ(charges[2].work.actor, Actor::draft);
    EXPECT_EQ(charges[3].work, kPass);
    EXPECT_EQ(charges[4].work, kKeep);
    for (std::size_t i = 1; i < charges.size(); ++i) EXPECT_GE(charges[i].begin, charges[i - 1].begin);
    EXPECT_GE(charges[0].seconds, 0.002);
    EXPECT_GE(charges[1].seconds, 0.010);
    EXPECT_LT(charges[2].seconds, 0.006);
    EXPECT_GE(charges[3].seconds, 0.009);
    for (const Charge& charge : charges) sum += charge.seconds;
  }
  const Seconds wall = seconds_since(begin);
  EXPECT_LE(sum, wall);
  // What is left are the gaps between steps, and the settlements.
#ifdef SPECLAB_CUDA_SHIM
  EXPECT_GT(sum, 0.9 * wall - 0.02);  // the stand-in shares its processor with whatever else runs
#else
  EXPECT_GT(sum, 0.98 * wall);
#endif
}

TEST_F(CudaClockOnDevice, settles_each_interval_once_and_goes_on) {
  CudaClock clock(*stream_);
  EXPECT_TRUE(clock.settle().empty());
  clock.stop(clock.start(), kPass);
  EXPECT_EQ(clock.settle().size(), 1u);
  EXPECT_TRUE(clock.settle().empty());
  const Seconds before = clock.now();
  host_works(3);
  clock.stop(clock.start(), kPass);
  const auto charges = clock.settle();
  ASSERT_EQ(charges.size(), 1u);
  EXPECT_GE(charges[0].begin, before);
  EXPECT_GE(clock.now(), charges[0].begin);
}

TEST_F(CudaClockOnDevice, does_not_wait_for_the_device_before_settlement) {
#ifdef SPECLAB_CUDA_SHIM
  CudaClock clock(*stream_);
  DeviceBuffer<int> value(1, "value");
  PinnedBuffer<int> seen(1, "seen");
  *seen.data() = 0;
  fill_bytes(value.data(), 1, sizeof(int), *stream_);
  copy_bytes(seen.data(), value.data(), sizeof(int), *stream_);
  clock.stop(clock.start(), kPass);
  EXPECT_EQ(*seen.data(), 0) << "somebody waited";
  clock.settle();
  EXPECT_EQ(*seen.data(), 0x01010101);
#endif
}

TEST_F(CudaClockOnDevice, refuses_what_does_not_nest) {
  CudaClock clock(*stream_);
  const int outer = clock.start();
  clock.start();
  EXPECT_THROW(clock.stop(outer, kPass), BrokenInvariant);
  EXPECT_THROW(clock.settle(), BrokenInvariant);
}

}  // namespace
}  // namespace speclab
