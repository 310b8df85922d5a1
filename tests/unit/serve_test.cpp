#include "experiments/point/serve.h"

#include <gtest/gtest.h>

#include "core/cost/clocks.h"
#include "core/cost/constant_cost.h"
#include "core/metered.h"
#include "core/models/sources/hashed.h"
#include "core/models/sources/source_model.h"
#include "core/random/counter_rng.h"
#include "core/results/run_totals.h"
#include "strategies/drafters/none.h"
#include "strategies/rules/speculative_sampling.h"

namespace speclab {
namespace {

constexpr int kBatch = 4, kRequests = 6;

Sequence request(int id) {
  const auto stream = static_cast<std::uint64_t>(id);
  return {.id = SequenceId{id},
          .text = {1, 2, static_cast<Token>(id % kRequests)},
          .prompt_length = 3,
          .max_new_tokens = 5 + 7 * (id % 3),
          .end_tokens = {},
          .sampling = {1, 0, 1},
          .draft_chance = std::make_shared<CounterRng>(3, stream, 0),
          .judge_chance = std::make_shared<CounterRng>(3, stream, 1)};
}

struct Seen : RunObserver {
  void admit(const Sequence& sequence, std::span<const Charge> charges) override {
    admitted.push_back(static_cast<int>(sequence.id));
    admission_charges += charges.size();
  }
  void step(std::int64_t, std::span<const StepRow> rows, std::span<const Charge> charges) override {
    int batch = 0;
    Seconds seconds = 0;
    for (const Charge& charge : charges) {
      seconds += charge.seconds;
      if (charge.work.op == Op::step) batch = charge.work.sequences;
    }
    batches.push_back(batch);
    tally.step(rows, 0, seconds, 0, batch);
  }
  void retire(const Sequence& sequence) override { texts[static_cast<int>(sequence.id)] = sequence.text; }

  std::vector<int> admitted, batches;
  std::size_t admission_charges = 0;
  std::map<int, std::vector<Token>> texts;
  RunTotals tally;
};

Seen decode(const Refill& refill) {
  const ConstantCost prices(1, 0.1);
  AnalyticClock clock(prices);
  SourceModel model(std::make_shared<const Hashed>(16, 5));
  Metered target(model, Actor::target, clock);
  NoDrafter drafter;
  SpeculativeSampling rule;
  Decoder decoder(target, drafter, rule);
  std::vector<Sequence> sequences;
  for (int id = 0; id < kRequests; ++id) sequences.push_back(request(id));
  Seen seen;
  serve(decoder, clock, sequences, kBatch, seen, refill);
  for (int id = 0; id < 3 * kRequests; ++id) {  // nothing stays open
    decoder.admit(request(id));
    decoder.retire(request(id));
  }
  return seen;
}

TEST(Serve, TheBatchRunsEmptyAtTheEnd) {
  const Seen seen = decode({});
  EXPECT_EQ(std::ranges::max(seen.batches), kBatch);
  EXPECT_EQ(seen.batches.back(), 1);
}

TEST(Serve, FurtherRequestsKeepItFullAndChangeNothingElse) {
  const Seen drained = decode({}), full = decode([](int i) { return request(kRequests + i); });
  for (const int batch : full.batches) EXPECT_EQ(batch, kBatch);
  EXPECT_EQ(full.texts, drained.texts);
  EXPECT_EQ(full.admitted, drained.admitted) << "those that stand in are not shown";
  EXPECT_EQ(full.admission_charges, drained.admission_charges) << "nor what admitting them took";
  for (int id = 0; id < kRequests; ++id) {
    const PromptTotals& tally = full.tally.prompts().at(static_cast<std::size_t>(id));
    EXPECT_EQ(tally.emitted, request(id).max_new_tokens);
    // A pass takes one second, whoever is in it; a fourth of it is each sequence's.
    EXPECT_DOUBLE_EQ(tally.priced, tally.emitted / 4.0);
  }
  EXPECT_GT(drained.tally.prompts()[5].priced, full.tally.prompts()[5].priced) << "alone at the end";
}

}  // namespace
}  // namespace speclab
