#include <fmt/format.h>

#include "core/cost/catalogue.h"
#include "experiments/bench/cuda/bench_program.h"
#include "experiments/bench/cuda/kernel_cases.h"
#include "kernels/cuda/row_probabilities.h"
#include "kernels/cuda/row_stats.h"
#include "kernels/cuda/tree_verdict.h"

namespace speclab {
namespace {

// One draft's rows of logits, set by set, and the target's probabilities, which are made anew each time.
struct JudgedRows {
  JudgedRows(DeviceTiming& timing, int rows_, int cols_)
      : rows(rows_),
        cols(cols_),
        sets(timing.sets(4.0 * rows * cols)),
        p(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols), "the target's probabilities"),
        wrong(static_cast<std::size_t>(rows), "faults") {
    std::vector<RowSoftmax> all;
    for (int i = 0; i < rows * sets; ++i)
      all.push_back({.logits = timing.rotating<float>(i, 4.0 * cols), .probabilities = p_of(i % rows)});
    softmax = on_device(all, timing.stream());
  }
  double* p_of(int row) const {
    return p.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(cols);
  }
  const float* logits_of(DeviceTiming& timing, int row) const {
    return timing.rotating<float>(row, 4.0 * cols);
  }
  void soften(int set, Stream& stream) const {
    row_probabilities({softmax.data() + set * rows, nullptr, wrong.data(), rows, cols}, stream);
  }

  int rows, cols, sets;
  DeviceBuffer<double> p;
  DeviceBuffer<int> wrong;
  DeviceBuffer<RowSoftmax> softmax;
};

using Judge = void (*)(const TreeVerdicts&, Stream&);

// One draft of so many rows, the root's among them: a chain, or all guesses below the root.
void measure_verdict(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows,
                     bool chain, Judge judge) {
  const JudgedRows judged(timing, rows, shape.vocab);
  const JudgedRows drawn_from(timing, 1, shape.vocab);
  drawn_from.soften(0, timing.stream());
  std::vector<VerdictNode> nodes;
  for (int i = 0; i < rows; ++i) {
    const bool last = i + 1 == rows;
    nodes.push_back({.p = judged.p_of(i),
                     .token = i,
                     .parent = i == 0  ? -1
                               : chain ? i - 1
                                       : 0,
                     .first = (chain && !last) || (!chain && i == 0) ? i + 1 : -1,
                     .next = !chain && i > 0 && !last ? i + 1 : -1,
                     .q = i == 0 ? nullptr : drawn_from.p_of(0)});
  }
  const auto there = on_device(nodes, timing.stream());
  const auto tree = on_device(std::vector<VerdictTree>{{.key = 1}}, timing.stream());
  const DeviceBuffer<TreeVerdict> verdict(1, "verdict");
  const DeviceBuffer<int> path(nodes.size(), "path");
  const DeviceBuffer<double> numbers(nodes.size(), "work space");
  // Logits are read, probabilities written, those of one row read to draw from them.
  measure_kernel(state, timing, {.bytes = (12.0 * rows + 8.0) * shape.vocab}, judged.sets, [&](int set) {
    judged.soften(set, timing.stream());
    judge({.trees = tree.data(),
           .nodes = there.data(),
           .wrong = judged.wrong.data(),
           .verdicts = verdict.data(),
           .paths = path.data(),
           .numbers = numbers.data(),
           .count = 1,
           .cols = shape.vocab},
          timing.stream());
  });
}

// With certainty and two tokens a row.
void measure_facts(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows) {
  const JudgedRows judged(timing, rows, shape.vocab);
  std::vector<FactRow> asked;
  std::vector<std::int32_t> tokens;
  for (int i = 0; i < rows * judged.sets; ++i) {
    const int row = i % rows;
    asked.push_back({.logits = judged.logits_of(timing, i),
                     .probabilities = judged.p_of(row),
                     .wrong = judged.wrong.data() + row,
                     .first = 2 * row,
                     .count = 2,
                     .exp_neg_entropy = true});
  }
  for (int i = 0; i < 2 * rows; ++i) tokens.push_back(i);
  const auto there = on_device(asked, timing.stream());
  const auto tokens_there = on_device(tokens, timing.stream());
  const DeviceBuffer<RowFact> facts(static_cast<std::size_t>(rows), "facts");
  const DeviceBuffer<TokenFact> token_facts(tokens.size(), "facts");
  // Logits are read, probabilities written and read.
  measure_kernel(state, timing, {.bytes = 20.0 * rows * shape.vocab}, judged.sets, [&](int set) {
    judged.soften(set, timing.stream());
    row_stats({.rows = there.data() + set * rows,
               .tokens = tokens_there.data(),
               .facts = facts.data(),
               .token_facts = token_facts.data(),
               .count = rows,
               .cols = shape.vocab},
              timing.stream());
  });
}

}  // namespace

void add_rule_cases(DeviceTiming& timing, const ModelShape& shape) {
  const auto add = [&](const char* name, auto measure) {
    for (const int rows : {2, 5, 17, 64}) {
      add_case(
          fmt::format("{}/{}/rows:{}", name, slug(shape.name), rows),
          [&timing, shape, rows, measure](auto& state) { measure(state, timing, shape, rows); }, 10);
    }
  };
  const auto add_verdict = [&](const char* name, bool chain, Judge judge) {
    add(name, [chain, judge](auto& state, DeviceTiming& with, const ModelShape& of, int rows) {
      measure_verdict(state, with, of, rows, chain, judge);
    });
  };
  add_verdict("verdict_in_turn", true,
              [](const TreeVerdicts& task, Stream& stream) { verdicts_in_turn(task, {}, stream); });
  add_verdict("verdict_kseq", false, kseq_verdicts);
  add_verdict("verdict_traversal", true, traversal_verdicts);
  add("row_facts", measure_facts);
}

}  // namespace speclab
