#include "core/cost/roofline.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/check.h"
#include "core/cost/catalogue.h"
#include "core/cost/demand.h"
#include "core/cost/weight_format.h"
#include "core/errors.h"
#include "core/metered.h"
#include "tests/support/project_files.h"

namespace speclab {
namespace {

const std::string kConfigs = (project_files() / "configs").string();

ModelShape shape(const std::string& name) { return find_shape(kConfigs + "/shapes", name); }
Device device(const std::string& name) { return find_device(kConfigs + "/devices", name); }

// One sequence that has `context` positions and evaluates `tokens` more, a chain.
Work chain(int tokens, std::int64_t context, Actor actor = Actor::target) {
  return {.actor = actor,
          .op = Op::forward,
          .sequences = 1,
          .new_tokens = tokens,
          .rows = tokens,
          .context = context,
          .pairs = tokens * context + tokens * (tokens + 1) / 2};
}

// Nothing but bandwidth: 1 TB/s at efficiency 1, and operations that take no time.
Device streaming() {
  Device device;
  device.name = "streaming";
  device.bytes_per_second = 1e12;
  device.fp16_flops_per_second = 1e30;
  device.link_bytes_per_second = 1e11;
  device.efficiency.weights_bandwidth = device.efficiency.compute = device.efficiency.cache_bandwidth = 1;
  device.efficiency.all_reduce_bytes_per_second = 1e11;
  return device;
}

TEST(Demand, OfLlama2_7B) {
  // A layer: 4 x 4096^2 + 3 x 4096 x 11008 = 202,375,168 weights; 32 of them and a head of 32000 x 4096.
  const Demand one = demand(shape("llama-2-7b"), chain(1, 100));
  EXPECT_EQ(one.weight_bytes, 2 * 6'607'077'376.0);
  EXPECT_EQ(one.flops, 2 * 6'607'077'376.0 + 4.0 * 32 * 128 * 32 * 101);
  EXPECT_EQ(one.cache_bytes, 101 * 524'288.0);
}

TEST(Demand, OfSharedKeyValueHeadsInABatch) {
  // Llama-3.1-8B: 2 x 4096^2 + 2 x 4096 x 1024 + 3 x 4096 x 14336 = 218,103,808 weights a layer.
  const Work work{.actor = Actor::target,
                  .op = Op::forward,
                  .sequences = 4,
                  .new_tokens = 20,
                  .rows = 20,
                  .context = 4000,
                  .pairs = 20'300};
  const Demand sum = demand(shape("llama-3.1-8b"), work);
  EXPECT_EQ(sum.weight_bytes, 2 * (32 * 218'103'808.0 + 128'256.0 * 4096));
  EXPECT_EQ(sum.flops, 310'829'383'680.0);
  EXPECT_EQ(sum.cache_bytes, 4020 * 131'072.0);
}

TEST(Demand, OfAMixture) {
  ModelShape mixtral = shape("mixtral-8x7b");
  const Demand one = demand(mixtral, chain(1, 0));
  EXPECT_NEAR(one.weight_bytes, 25'497'174'016.0, 1);
  EXPECT_NEAR(one.flops, 25'497'174'016.0 + 4 * 32 * 128 * 32, 1);
  mixtral.experts.spread = 1;  // three tokens: 8 (1 - 0.75^3) = 4.625 experts
  const Demand three = demand(mixtral, chain(3, 0));
  EXPECT_NEAR(three.weight_bytes, 55'092'183'040.0, 1);
  EXPECT_NEAR(three.flops, 3 * 25'497'174'016.0 + 6 * 4 * 32 * 128 * 32, 1);
}

TEST(Demand, TiedHeadsStreamAndUnreadRowsDoNot) {
  const ModelShape tied = shape("qwen2.5-0.5b");
  Work work = chain(5, 0);
  const double with_head = demand(tied, work).weight_bytes;
  work.rows = 0;
  EXPECT_EQ(with_head - demand(tied, work).weight_bytes, 2.0 * 151'936 * 896);
}

TEST(Demand, FormatsCountScalesAndTheirHead) {
  const ModelShape awq = stored_as(shape("llama-2-7b"), "int4-g128");
  EXPECT_NEAR(demand(awq, chain(1, 0)).weight_bytes, 6'476'005'376.0 * 4.2 / 8 + 131'072'000.0 * 2, 1);
  EXPECT_THROW(stored_as(awq, "int4-g129"), ConfigError);
}

TEST(Demand, KeepMovesBothWaysAndTheRestAsksNothing) {
  const ModelShape llama = shape("llama-3.1-8b");
  EXPECT_EQ(demand(llama, {.op = Op::commit, .new_tokens = 3}).cache_bytes, 6 * 131'072.0);
  for (const Op op : {Op::truncate, Op::draft, Op::judge, Op::step}) {
    const Demand none = demand(llama, {.op = op, .sequences = 4, .new_tokens = 9, .rows = 9, .context = 99});
    EXPECT_EQ(none.flops + none.weight_bytes + none.cache_bytes, 0);
  }
}

TEST(Demand, WindowsForgetTheFar) {
  const ModelShape oss = shape("gpt-oss-20b");  // every second of 24 layers looks back 128
  const double per_position = 49'152;
  EXPECT_EQ(demand(oss, chain(1, 100)).cache_bytes, 101 * per_position);
  EXPECT_EQ(demand(oss, chain(1, 1280)).cache_bytes, (0.5 * 1280 + 0.5 * 128 + 1) * per_position);
  Work ten = chain(1, 1280);
  ten.sequences = 10;
  EXPECT_EQ(demand(oss, ten).cache_bytes, 1281 * per_position);
  const double scored = demand(oss, chain(2, 1280)).flops - demand(oss, chain(2, 0)).flops;
  EXPECT_EQ(scored, 4.0 * 64 * 64 * 24 * (0.5 * 2563 + 0.5 * 256 - 3));
  Roofline prices(streaming(), oss);
  EXPECT_NEAR(prices.explain(chain(1, 1280)).attention, demand(oss, chain(1, 1280)).cache_bytes / 1e12,
              1e-15);
}

TEST(DistinctExperts, Limits) {
  Experts experts{.count = 128, .per_token = 8};
  EXPECT_EQ(distinct_experts(experts, 0), 0);
  EXPECT_NEAR(distinct_experts(experts, 1), 8, 1e-12);
  EXPECT_NEAR(distinct_experts(experts, 1e6), 128, 1e-9);
  experts.spread = 1;  // independent: 128 (1 - (15/16)^2)
  EXPECT_NEAR(distinct_experts(experts, 2), 15.5, 1e-12);
  const double max = distinct_experts(experts, 4);
  EXPECT_NEAR(max / 8, 3.64, 0.01);  // cost of verifying four tokens, at most
  experts.spread = 0.7;
  EXPECT_LT(distinct_experts(experts, 4), max);
  EXPECT_GT(distinct_experts(experts, 4), distinct_experts(experts, 3));
  experts.per_token = 128;
  EXPECT_EQ(distinct_experts(experts, 3), 128);
}

TEST(Tiles, AreSmallUpTo64) {
  const Efficiency efficiency;
  for (const auto& [tokens, padded] :
       {std::pair{1, 64}, {64, 64}, {65, 128}, {128, 128}, {129, 256}, {257, 384}}) {
    EXPECT_EQ(padded_tokens(efficiency, tokens), padded) << tokens;
  }
}

TEST(Roofline, OneTokenIsBytesOverBandwidthPlusOverheads) {
  Device machine = streaming();
  machine.efficiency.weights_bandwidth = 0.5;
  machine.efficiency.cache_bandwidth = 0.25;
  machine.efficiency.kernel_seconds = 1e-6;
  machine.efficiency.attention_seconds = 2e-6;
  machine.efficiency.layer_seconds = 3e-6;
  machine.efficiency.pass_seconds = 4e-6;
  const Roofline prices(machine, shape("llama-2-7b"));
  const Price price = prices.explain(chain(1, 99));
  EXPECT_NEAR(price.weights, 2 * 6'607'077'376.0 / 0.5e12, 1e-12);
  EXPECT_NEAR(price.attention, 32 * 2e-6 + 100 * 524'288.0 / 0.25e12, 1e-15);
  EXPECT_NEAR(price.overhead, (4 * 32 + 1) * 1e-6 + 32 * 3e-6 + 4e-6, 1e-15);
  EXPECT_EQ(price.communication + price.cache + price.host, 0);
  EXPECT_EQ(price.total(), prices.price(chain(1, 99)));
}

TEST(Roofline, ManyTokensAreOperationsOverTheirRate) {
  Device machine = device("a100");
  machine.bytes_per_second = 1e30;
  const Roofline prices(machine, shape("llama-2-7b"));
  const double flops = 2.0 * 6'607'077'376 * 1024;
  EXPECT_NEAR(prices.explain(chain(1024, 0)).weights, flops / (0.75 * 312e12), 1e-9);
}

TEST(Roofline, TheKneeIsTheNormOfBothSides) {
  Device machine = streaming();
  machine.efficiency.small_tile = 1;
  machine.efficiency.knee = 2;
  machine.fp16_flops_per_second = 1e12;  // a token computes as long as it streams
  const ModelShape llama = shape("llama-2-7b");
  EXPECT_NEAR(Roofline(machine, llama).explain(chain(1, 0)).weights, std::sqrt(2) * 13'214'154'752.0 / 1e12,
              1e-12);
}

TEST(Roofline, TheCacheIsReadOncePerPass) {
  const Roofline prices(streaming(), shape("llama-3.1-8b"));
  const double one = prices.explain(chain(1, 100'000)).attention;
  const double eight = prices.explain(chain(8, 100'000)).attention;
  EXPECT_NEAR(eight - one, 7 * 131'072 / 1e12, 1e-12);  // its own positions only
  Work eight_sequences = chain(8, 800'000);
  eight_sequences.sequences = 8;
  EXPECT_NEAR(prices.explain(eight_sequences).attention / one, 8, 1e-4);
}

TEST(Roofline, GrowsWithTokensRowsAndContext) {
  for (const char* name : {"a100", "h100", "rtx-3090", "m2-ultra", "epyc-9654"}) {
    for (const char* model : {"llama-3.1-8b", "qwen3-30b-a3b", "deepseek-v3"}) {
      const Roofline prices(device(name), shape(model));
      Seconds before = 0;
      for (int tokens = 1; tokens <= 600; ++tokens) {
        const Seconds now = prices.price(chain(tokens, 1000));
        ASSERT_GE(now, before) << name << ' ' << model << ' ' << tokens;
        before = now;
      }
      EXPECT_LT(prices.price(chain(4, 1000)), prices.price(chain(4, 50'000)));
      Work blind = chain(4, 1000);
      blind.rows = 0;
      EXPECT_LT(prices.price(blind), prices.price(chain(4, 1000)));
    }
  }
}

TEST(Roofline, TensorParallelSharesAndReduces) {
  Device machine = streaming();
  machine.efficiency.all_reduce_seconds = 2.5e-6;
  machine.efficiency.all_reduce_seconds_per_doubling = 2.4e-6;
  const ModelShape llama = shape("llama-3.1-70b");
  const Price one = Roofline(machine, llama).explain(chain(3, 1000));
  const Price four = Roofline(machine, llama, {}, 4).explain(chain(3, 1000));
  EXPECT_NEAR(four.weights, one.weights / 4, 1e-12);
  EXPECT_NEAR(four.attention, one.attention / 4, 1e-12);
  EXPECT_EQ(one.communication, 0);
  // Two a layer, each 2.5 + 2.4 x 2 us and 3/2 of 3 x 8192 x 2 bytes at 100 GB/s.
  EXPECT_NEAR(four.communication, 160 * (7.3e-6 + 1.5 * 49'152 / 1e11), 1e-12);
  // Eight key-value heads cannot be cut for sixteen devices.
  EXPECT_NEAR(Roofline(machine, llama, {}, 16).explain(chain(3, 1000)).attention, one.attention / 8, 1e-12);
}

TEST(Roofline, TheHostsLaunchesHideBehindTheDevice) {
  Device machine = streaming();
  machine.efficiency.launch_seconds = 1e-3;
  const Roofline small(machine, shape("llama-68m")), large(machine, shape("llama-3.1-405b"));
  EXPECT_NEAR(small.price(chain(1, 0)), 2e-3, 1e-12);
  EXPECT_EQ(large.explain(chain(1, 0)).overhead, 0);
}

TEST(Roofline, PricesEachActorAndOperation) {
  Device machine = streaming();
  machine.efficiency.host_seconds_per_step = 1e-3;
  machine.efficiency.host_seconds_per_sequence = 1e-5;
  machine.efficiency.draft_seconds_per_token = 1e-6;
  machine.efficiency.judge_seconds_per_row = 1e-7;
  const ModelShape target = shape("llama-3.1-8b"), one = shape("llama-68m"), two = shape("llama-160m");
  const Roofline prices(machine, target, {one, two});
  EXPECT_EQ(prices.price(chain(2, 9, draft_actor(0))), Roofline(machine, one).price(chain(2, 9)));
  EXPECT_EQ(prices.price(chain(2, 9, draft_actor(1))), Roofline(machine, two).price(chain(2, 9)));
  EXPECT_NEAR(prices.price({.actor = Actor::target, .op = Op::commit, .new_tokens = 3}), 6 * 131'072 / 1e12,
              1e-18);
  EXPECT_EQ(prices.price({.actor = Actor::target, .op = Op::commit, .context = 500}), 0);
  EXPECT_EQ(prices.price({.actor = Actor::target, .op = Op::truncate, .new_tokens = 3}), 0);
  EXPECT_NEAR(prices.price({.op = Op::step, .sequences = 4}), 1.04e-3, 1e-15);
  EXPECT_NEAR(prices.price({.op = Op::draft, .new_tokens = 5}), 5e-6, 1e-15);
  EXPECT_NEAR(prices.price({.op = Op::judge, .rows = 6}), 6e-7, 1e-15);
  EXPECT_THROW(prices.price(chain(1, 0, draft_actor(2))), BrokenInvariant);
}

TEST(Roofline, WhatIsRememberedIsWhatIsComputed) {
  const Roofline prices(device("h100"), shape("qwen3-30b-a3b"), {shape("qwen3-0.6b")}, 2);
  for (const Actor actor : {Actor::target, draft_actor(0)}) {
    for (const int tokens : {700, 1, 5, 64, 65, 1023, 1024, 20'000, 5}) {
      Work work = chain(tokens, 0, actor);
      work.pairs = 0;
      const Price fresh = prices.layers(actor, tokens), head = prices.head(actor, tokens);
      const Price price = prices.explain(work);
      EXPECT_EQ(price.weights, fresh.weights + head.weights);
      EXPECT_EQ(price.overhead, fresh.overhead + head.overhead);
      EXPECT_EQ(price.communication, fresh.communication);
      EXPECT_EQ(price.total(),
                Roofline(device("h100"), shape("qwen3-30b-a3b"), {shape("qwen3-0.6b")}, 2).price(work));
    }
  }
}

TEST(Roofline, DraftsMayLieOnFewerDevices) {
  Roofline prices(device("h100"), shape("llama-3.1-70b"), {}, 4);
  prices.add_draft(shape("llama-3.1-8b"), 1);
  EXPECT_EQ(prices.price(chain(1, 500, draft_actor(0))),
            Roofline(device("h100"), shape("llama-3.1-8b")).price(chain(1, 500)));
  EXPECT_EQ(prices.price(chain(1, 500)),
            Roofline(device("h100"), shape("llama-3.1-70b"), {}, 4).price(chain(1, 500)));
}

TEST(Roofline, WhatIsOffloadedIsBroughtBeforeItIsMultiplied) {
  Device machine = streaming();
  machine.host_link_bytes_per_second = 1e11;
  machine.efficiency.host_link_bandwidth = 0.5;
  const ModelShape llama = shape("llama-2-7b");
  Roofline prices(machine, llama, {llama});
  prices.offload(Actor::target, 0.25);
  const Price price = prices.explain(chain(1, 99)), resident = prices.explain(chain(1, 99, draft_actor(0)));
  EXPECT_NEAR(price.offload, 0.25 * 2 * 6'476'005'376.0 / 0.5e11, 1e-12);  // its layers', not the head's
  EXPECT_EQ(resident.offload, 0);
  EXPECT_EQ(price.total(), resident.total() + price.offload);
  // Two devices bring half each, at once.
  Roofline two(machine, llama, {}, 2);
  two.offload(Actor::target, 0.25);
  EXPECT_NEAR(two.explain(chain(1, 99)).offload, price.offload / 2, 1e-12);
  EXPECT_THROW(Roofline(streaming(), llama).offload(Actor::target, 0.25), ConfigError);
}

TEST(Roofline, OffloadingIsNeverFaster) {
  for (const char* name : {"t4", "h100", "gh200"}) {
    for (const char* model : {"llama-3.1-70b", "qwen3-30b-a3b"}) {
      Roofline prices(device(name), shape(model));
      for (const int tokens : {1, 7, 64, 300}) {
        Seconds before = 0;
        for (const double part : {0.0, 0.1, 0.5, 1.0}) {
          prices.offload(Actor::target, part);
          const Seconds now = prices.price(chain(tokens, 1000));
          EXPECT_GT(now, before) << name << ' ' << model << ' ' << tokens << ' ' << part;
          before = now;
        }
      }
    }
  }
}

TEST(Roofline, FewerBitsCostLess) {
  Seconds before = 1;
  for (const char* format : {"bf16", "fp8", "int4-g128"}) {
    const Seconds now = Roofline(streaming(), stored_as(shape("llama-2-7b"), format)).price(chain(1, 0));
    EXPECT_LT(now, before) << format;
    before = now;
  }
}

TEST(Roofline, RefusesDevicesThatAreNotThere) {
  EXPECT_THROW(Roofline(device("a100"), shape("llama-2-7b"), {}, 3), ImpossiblePoint);
  EXPECT_THROW(Roofline(device("a100"), shape("llama-2-7b"), {}, 0), ConfigError);
  EXPECT_THROW(Roofline(device("m2-ultra"), shape("llama-2-7b"), {}, 2), ConfigError);
}

}  // namespace
}  // namespace speclab
