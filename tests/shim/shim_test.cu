#include "kernels/cuda/cluster.h"
#include "kernels/cuda/early_start.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/shared_memory.h"
#include "tests/gpu/on_device.h"

namespace speclab {
namespace {

constexpr int kThreads = 64;

// Reverses a block's numbers through shared memory; wrong without the barrier.
template <bool kBarrier>
__global__ void reverse_kernel(int* values) {
  int* shared = &shared_as<int>();
  shared[threadIdx.x] = values[blockIdx.x * kThreads + threadIdx.x];
  if (kBarrier) __syncthreads();
  values[blockIdx.x * kThreads + threadIdx.x] = shared[kThreads - 1 - threadIdx.x];
}

__global__ void early_exit_kernel() {
  if (threadIdx.x == 5) return;
  __syncthreads();
}

__global__ void two_barriers_kernel() {
  if (threadIdx.x % 2 == 0) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void absent_lane_kernel() {
  if (threadIdx.x < 16) __shfl_xor_sync(0xFFFFFFFFu, 1, 1);
}

__global__ void write_kernel(int* values, int count) { values[threadIdx.x < 1 ? count : 0] = 1; }

__global__ void shared_write_kernel(int index) { (&shared_as<int>())[index] = 1; }

__global__ void add_one_kernel(int* value) { *value += 1; }

__global__ void cluster_kernel(float* sums) {
  float& mine = shared_as<float>();
  mine = static_cast<float>(blockIdx.x);
  cluster_barrier();
  float sum = 0;
  for (int rank = 0; rank < 4; ++rank) sum += load_from_cluster(&mine, rank);
  sums[blockIdx.x] = sum;
  cluster_barrier();
}

__global__ void cluster_barriers_kernel() {
  if (cluster_rank() == 0) {
    cluster_barrier();
  } else {
    cluster_barrier();
  }
}

__global__ void hasty_kernel() {
  if (threadIdx.x != 3) follow_previous();
}

__global__ void warp_kernel(int* sums, unsigned* votes, int* above) {
  int sum = static_cast<int>(threadIdx.x);
  for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(0xFFFFFFFFu, sum, lanes);
  sums[threadIdx.x] = sum;
  votes[threadIdx.x] = __ballot_sync(0xFFFFFFFFu, threadIdx.x % 3 == 0);
  above[threadIdx.x] = __shfl_down_sync(0xFFFFFFFFu, static_cast<int>(threadIdx.x), 1, 8);
}

class Shim : public OnDevice {
 protected:
  ~Shim() override { cuda_shim::reset(); }

  // What waiting for the stream says.
  std::string fault() {
    try {
      stream_.wait();
    } catch (const CudaError& error) {
      return error.what();
    }
    return "";
  }
  bool reversed(void (*kernel)(int*)) {
    std::vector<int> values(2 * kThreads);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i);
    const auto buffer = to_device(values, stream_);
    launch("reverse", kernel, {2, kThreads, kThreads * sizeof(int)}, stream_, buffer.data());
    const auto result = to_host(buffer, stream_);
    for (int i = 0; i < 2 * kThreads; ++i) {
      if (result[i] != i / kThreads * kThreads + kThreads - 1 - i % kThreads) return false;
    }
    return true;
  }

  Stream stream_;
};

TEST_F(Shim, runs_blocks_with_barriers_in_every_order) {
  in_every_order([&] { EXPECT_TRUE(reversed(reverse_kernel<true>)); });
}

TEST_F(Shim, shows_a_missing_barrier) {
  in_every_order([&] { EXPECT_FALSE(reversed(reverse_kernel<false>)); });
}

TEST_F(Shim, exchanges_among_the_lanes_of_a_warp) {
  in_every_order([&] {
    DeviceBuffer<int> sums(32, "sums"), above(32, "above");
    DeviceBuffer<unsigned> votes(32, "votes");
    launch("warp", warp_kernel, {1, 32}, stream_, sums.data(), votes.data(), above.data());
    EXPECT_EQ(to_host(sums, stream_), std::vector<int>(32, 496));
    EXPECT_EQ(to_host(votes, stream_), std::vector<unsigned>(32, 0x49249249u));
    const auto next = to_host(above, stream_);
    for (int i = 0; i < 32; ++i) EXPECT_EQ(next[i], i % 8 == 7 ? i : i + 1);
  });
}

TEST_F(Shim, reports_a_thread_that_ended_before_a_barrier) {
  launch("early_exit", early_exit_kernel, {3, kThreads}, stream_);
  const std::string message = fault();
  EXPECT_NE(message.find("kernel early_exit, block (0, 0, 0)"), std::string::npos) << message;
  EXPECT_NE(message.find("thread (5, 0, 0) has ended"), std::string::npos) << message;
  EXPECT_THROW(DeviceBuffer<int>(1, "anything"), CudaError) << "a fault stays";
}

TEST_F(Shim, reports_threads_at_different_barriers) {
  launch("two_barriers", two_barriers_kernel, {1, kThreads}, stream_);
  const std::string message = fault();
  EXPECT_NE(message.find("waits for its block at"), std::string::npos) << message;
  EXPECT_NE(message.find("but thread (1, 0, 0)"), std::string::npos) << message;
}

TEST_F(Shim, reports_a_shuffle_with_lanes_that_ended) {
  launch("absent_lane", absent_lane_kernel, {1, 32}, stream_);
  EXPECT_NE(fault().find("thread (16, 0, 0) has ended"), std::string::npos) << fault();
}

TEST_F(Shim, catches_a_kernel_that_starts_early_and_does_not_wait) {
  launch("patient", hasty_kernel, {1, 32}, stream_);
  stream_.wait();
  Stream serial;
  serial.forbid_early_starts(true);
  launch("serial", hasty_kernel, {1, 32, 0, true}, serial);
  serial.wait();
  launch("hasty", hasty_kernel, {1, 32, 0, true}, stream_);
  EXPECT_NE(fault().find("kernel hasty, block (0, 0, 0): thread (3, 0, 0) ends without having waited"),
            std::string::npos);
}

// Every block adds what its neighbours hold; without the first barrier they may hold nothing yet.
TEST_F(Shim, lets_the_blocks_of_a_cluster_read_each_other) {
  in_every_order([&] {
    const DeviceBuffer<float> sums(8, "sums");
    launch("cluster", cluster_kernel, {8, 32, sizeof(float), false, 4}, stream_, sums.data());
    EXPECT_EQ(to_host(sums, stream_), (std::vector<float>{6, 6, 6, 6, 22, 22, 22, 22}));
  });
  EXPECT_THROW(launch("cluster", cluster_kernel, {6, 32, sizeof(float), false, 4}, stream_, nullptr),
               CudaError);
  launch("two barriers", cluster_barriers_kernel, {4, 32, 0, false, 2}, stream_);
  EXPECT_NE(fault().find("waits for its cluster at"), std::string::npos);
}

TEST_F(Shim, refuses_a_grid_that_no_device_takes) {
  EXPECT_THROW(launch("early_exit", early_exit_kernel, {1, 1025}, stream_), CudaError);
  EXPECT_THROW(launch("early_exit", early_exit_kernel, {0, 32}, stream_), CudaError);
  EXPECT_THROW(launch("early_exit", early_exit_kernel, {1, 32, 228 << 10}, stream_), CudaError);
}

TEST_F(Shim, fills_fresh_memory_with_what_is_no_number) {
  const DeviceBuffer<float> fresh(3, "fresh");
  for (const float value : to_host(fresh, stream_)) EXPECT_TRUE(std::isnan(value));
}

TEST_F(Shim, runs_nothing_before_somebody_waits) {
  const auto value = to_device(std::vector<int>{1}, stream_);
  PinnedBuffer<int> result(1, "result");
  *result.data() = 0;
  launch("add_one", add_one_kernel, {1, 1}, stream_, value.data());
  copy_bytes(result.data(), value.data(), sizeof(int), stream_);
  EXPECT_EQ(*result.data(), 0);
  stream_.wait();
  EXPECT_EQ(*result.data(), 2);
}

TEST_F(Shim, waits_for_events_of_other_streams_and_for_no_more) {
  Stream other;
  const auto value = to_device(std::vector<int>{1}, stream_);
  Event once;
  launch("add_one", add_one_kernel, {1, 1}, other, value.data());
  once.record(other);
  launch("add_one", add_one_kernel, {1, 1}, other, value.data());
  once.hold(stream_);
  EXPECT_EQ(to_host(value, stream_), std::vector<int>{2});
  other.wait();
  EXPECT_EQ(to_host(value, stream_), std::vector<int>{3});
}

TEST_F(Shim, replays_a_capture_with_its_pointers) {
  const auto value = to_device(std::vector<int>{1}, stream_);
  int* pointer = value.data();
  const Graph graph(stream_, [&] {
    launch("add_one", add_one_kernel, {1, 1}, stream_, pointer);
    launch("add_one", add_one_kernel, {1, 1}, stream_, pointer);
  });
  pointer = nullptr;
  EXPECT_EQ(to_host(value, stream_), std::vector<int>{1});
  graph.launch(stream_);
  graph.launch(stream_);
  EXPECT_EQ(to_host(value, stream_), std::vector<int>{5});
}

TEST_F(Shim, refuses_to_wait_or_allocate_in_a_capture) {
  EXPECT_THROW(Graph(stream_, [&] { stream_.wait(); }), CudaError);
  EXPECT_THROW(Graph(stream_, [&] { DeviceBuffer<int>(1, "anything"); }), CudaError);
  EXPECT_NO_THROW(Graph(stream_, [] {}));
}

TEST_F(Shim, says_what_memory_was_short_for) {
  cuda_shim::set_memory_bytes(3 << 20);
  const DeviceBuffer<std::byte> first(1 << 20, "the first");
  try {
    DeviceBuffer<std::byte>(std::size_t{4} << 20, "the weights");
    FAIL() << "there was room";
  } catch (const CudaError& error) {
    EXPECT_EQ(std::string(error.what()),
              "out of device memory: the weights needs 4.0 MiB, but 2.0 of the device's 3.0 MiB are free");
  }
}

#if defined(__SANITIZE_ADDRESS__)
using ShimDeathTest = Shim;

TEST_F(ShimDeathTest, shows_writes_outside_memory) {
  const DeviceBuffer<int> values(4, "values");
  EXPECT_DEATH(
      {
        launch("write", write_kernel, {1, 1}, stream_, values.data(), 4);
        stream_.wait();
      },
      "heap-buffer-overflow");
  EXPECT_DEATH(
      {
        launch("shared_write", shared_write_kernel, {1, 1, 4 * sizeof(int)}, stream_, 4);
        stream_.wait();
      },
      "heap-buffer-overflow");
}
#else
// Without the sanitizer only that the same kernels run where they may.
TEST_F(Shim, writes_inside_memory) {
  const DeviceBuffer<int> values(4, "values");
  launch("write", write_kernel, {1, 1}, stream_, values.data(), 3);
  launch("shared_write", shared_write_kernel, {1, 1, 4 * sizeof(int)}, stream_, 3);
  EXPECT_EQ(to_host(values, stream_)[3], 1);
}
#endif

}  // namespace
}  // namespace speclab
