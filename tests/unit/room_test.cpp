// What models need of a device's memory, against numbers written out by hand.
#include "core/cost/room.h"

#include <gtest/gtest.h>

#include "core/cost/catalogue.h"
#include "core/cost/memory_need.h"
#include "core/cost/tensor_parallel.h"
#include "core/cost/weight_format.h"
#include "tests/support/project_files.h"

namespace speclab {
namespace {

ModelShape shape(const std::string& name) { return find_shape(project_files() / "configs/shapes", name); }

TEST(MemoryNeed, OfLlama2_7B) {
  // 32 layers of 202,375,168 weights, embeddings and a head of 131,072,000 each.
  const ModelShape llama = shape("llama-2-7b");
  EXPECT_EQ(layer_bytes(llama), 2 * 6'476'005'376.0);
  EXPECT_EQ(weight_bytes(llama), 2 * (6'476'005'376.0 + 2 * 131'072'000.0));
  EXPECT_EQ(weight_bytes(stored_as(llama, "fp8")), 6'476'005'376.0 + 2 * 2 * 131'072'000.0);
  EXPECT_NEAR(weight_bytes(stored_as(llama, "q4_0")), (6'476'005'376.0 + 2 * 131'072'000.0) * 4.5 / 8, 1);
}

TEST(MemoryNeed, CountsEveryExpertAndTiedTablesOnce) {
  EXPECT_NEAR(weight_bytes(shape("mixtral-8x7b")) / 2, 46.703e9, 0.01 * 46.703e9);
  const ModelShape tied = shape("qwen2.5-0.5b");
  EXPECT_EQ(weight_bytes(tied) - layer_bytes(tied), 2.0 * 151'936 * 896);
  const ModelShape eagle = shape("eagle-llama-2-7b");  // table and head are the target's
  EXPECT_EQ(weight_bytes(eagle), layer_bytes(eagle));
}

TEST(MemoryNeed, CountsLearnedPositionsBesideATiedTable) {
  const ModelShape opt = shape("opt-125m");  // 50,272 tokens and 2,050 positions of 768
  EXPECT_EQ(weight_bytes(opt) - layer_bytes(opt), 2.0 * (50'272 + 2'050) * 768);
}

TEST(MemoryNeed, CachesHoldTheirFormatAndWindow) {
  ModelShape llama = shape("llama-3.1-8b");  // 2 x 8 x 128 numbers in 32 layers
  const std::vector<int> positions{1000, 200};
  EXPECT_EQ(cache_bytes(llama, positions), 1200 * 131'072.0);
  llama.cache_bits = cache_bits("fp8");
  EXPECT_EQ(cache_bytes(llama, positions), 1200 * 65'536.0);
  // Every second of 24 layers keeps 128 of a sequence.
  EXPECT_EQ(cache_bytes(shape("gpt-oss-20b"), positions), (0.5 * 1200 + 0.5 * 256) * 49'152.0);
}

TEST(Room, IsWhatTheBusiestDeviceHolds) {
  Device device;
  device.memory_gb = 16;
  const ModelShape llama = shape("llama-3.1-8b"), small = shape("llama-3.2-1b");
  const std::vector<int> positions(4, 1000);
  const std::vector<PlacedModel> drafts{{small, 1}};
  const Room two = room(device, 0.5, {llama, 2}, drafts, positions);
  EXPECT_EQ(two.usable, 8e9);
  EXPECT_EQ(two.weights, weight_bytes(llama) / 2);
  EXPECT_EQ(two.drafts, weight_bytes(small));  // whole on the first
  EXPECT_EQ(two.cache, 4000 * (131'072.0 / 2 + 32'768.0));
  EXPECT_EQ(two.missing(), two.needed() - 8e9);
  // Eight key-value heads on sixteen devices: two copies of each.
  EXPECT_EQ(room(device, 1, {llama, 16}, {}, positions).cache, 4000 * 131'072.0 / 8);
  EXPECT_EQ(room(device, 1, {llama, 16}, {}, positions).missing(), 0);
}

TEST(TensorParallel, NamesWhatCannotBeShared) {
  const ModelShape llama = shape("llama-3.1-8b");  // 32 heads, 8 key-value heads, 14336
  for (const int devices : {1, 2, 4, 8, 16, 32}) EXPECT_EQ(indivisible(llama, devices), "") << devices;
  EXPECT_EQ(indivisible(llama, 3),
            "Llama-3.1-8B has 32 attention heads, which 3 devices cannot share evenly");
  EXPECT_NE(indivisible(llama, 64), "");
  ModelShape other = llama;
  other.heads = 24;
  other.kv_heads = 8;
  EXPECT_EQ(indivisible(other, 12),
            "Llama-3.1-8B has 8 key-value heads, which 12 devices cannot share evenly");
  other = llama;
  other.feed_forward = 14'337;
  EXPECT_NE(indivisible(other, 2).find("14337 columns in its feed-forward block"), std::string::npos);
  ModelShape mixture = shape("mixtral-8x7b");
  mixture.experts.width = 14'337;
  EXPECT_NE(indivisible(mixture, 2).find("14337 columns in an expert"), std::string::npos);
  mixture = shape("mixtral-8x7b");
  mixture.experts.shared_width = 3;
  EXPECT_NE(indivisible(mixture, 2).find("3 columns in its shared expert"), std::string::npos);
  other = llama;
  other.vocab = 50'257;  // engines pad it
  EXPECT_EQ(indivisible(other, 2), "");
  EXPECT_EQ(indivisible(shape("medusa-vicuna-7b"), 4), "");  // no attention
}

}  // namespace
}  // namespace speclab
