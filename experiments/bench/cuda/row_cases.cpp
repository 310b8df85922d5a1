#include <fmt/format.h>

#include "core/cost/catalogue.h"
#include "experiments/bench/cuda/bench_program.h"
#include "experiments/bench/cuda/kernel_cases.h"
#include "kernels/cuda/embedding.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/row_choice.h"
#include "kernels/cuda/row_draw.h"
#include "kernels/cuda/row_probabilities.h"
#include "kernels/cuda/swiglu.h"

namespace speclab {
namespace {

std::size_t elements(int rows, int width) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(padded16(width));
}

void measure_embedding(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows) {
  std::vector<std::int32_t> numbers;
  for (int i = 0; i < rows; ++i) numbers.push_back(rows - 1 - i);
  const auto tokens = on_device(numbers, timing.stream());
  const DeviceBuffer<float> residual(elements(rows, shape.hidden), "residual stream");
  const double bytes = 2.0 * rows * padded8(shape.hidden);  // of the table's rows that are read
  measure_kernel(state, timing, embed_demand(rows, shape.hidden), timing.sets(bytes), [&](int set) {
    embed(Embedding<Bf16>{timing.rotating<Bf16>(set, bytes), tokens.data(), residual.data(), rows,
                          shape.hidden},
          timing.stream());
  });
}

void measure_norm(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows) {
  const DeviceBuffer<Bf16> rounded(elements(rows, shape.hidden), "normed rows");
  const double bytes = 4.0 * rows * shape.hidden;
  measure_kernel(state, timing, rms_norm_demand(rows, shape.hidden, false), timing.sets(bytes), [&](int set) {
    RmsNorm<Bf16> task;
    task.x = timing.rotating<float>(set, bytes);
    task.weight = timing.rotating<float>(0, 0);
    task.rounded = rounded.data();
    task.rows = rows;
    task.hidden = shape.hidden;
    task.epsilon = 1e-5f;
    rms_norm(task, timing.stream());
  });
}

void measure_swiglu(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows) {
  const int width = shape.feed_forward;
  const DeviceBuffer<Bf16> out(elements(rows, width), "gated rows");
  const double bytes = 8.0 * rows * width;
  measure_kernel(state, timing, swiglu_demand(rows, width), timing.sets(bytes), [&](int set) {
    swiglu(Swiglu<Bf16>{timing.rotating<float>(set, bytes), out.data(), rows, width}, timing.stream());
  });
}

// A pass's logits, row by row, as the kernels on rows want them.
class Logits {
 public:
  Logits(DeviceTiming& timing, int rows, int cols) : bytes_(4.0 * cols), rows_(rows) {
    std::vector<const float*> rows_of_all_sets;
    for (int i = 0; i < rows * sets(timing); ++i)
      rows_of_all_sets.push_back(timing.rotating<float>(i, bytes_));
    pointers_ = on_device(rows_of_all_sets, timing.stream());
  }
  int sets(const DeviceTiming& timing) const { return timing.sets(bytes_ * rows_); }
  const float* const* of_set(int set) const { return pointers_.data() + set * rows_; }

 private:
  double bytes_;
  int rows_;
  DeviceBuffer<const float*> pointers_;
};

void measure_argmax(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows) {
  const Logits logits(timing, rows, shape.vocab);
  const DeviceBuffer<std::int32_t> tokens(static_cast<std::size_t>(rows), "tokens");
  measure_kernel(state, timing, row_demand(rows, shape.vocab), logits.sets(timing), [&](int set) {
    row_argmax({logits.of_set(set), tokens.data(), nullptr, rows, shape.vocab}, timing.stream());
  });
}

void measure_likeliest(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows) {
  constexpr int kMax = 10;
  const Logits logits(timing, rows, shape.vocab);
  const DeviceBuffer<std::int32_t> tokens(static_cast<std::size_t>(rows * kMax), "tokens");
  measure_kernel(state, timing, row_demand(rows, shape.vocab), logits.sets(timing), [&](int set) {
    row_likeliest({logits.of_set(set), tokens.data(), rows, shape.vocab, kMax}, timing.stream());
  });
}

void measure_statistics(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows) {
  const Logits logits(timing, rows, shape.vocab);
  const DeviceBuffer<RowStatistics> statistics(static_cast<std::size_t>(rows), "statistics");
  measure_kernel(state, timing, row_demand(rows, shape.vocab), logits.sets(timing), [&](int set) {
    row_statistics({logits.of_set(set), statistics.data(), rows, shape.vocab}, timing.stream());
  });
}

// Probabilities of all tokens at temperature 0.7, in double; then a token of each row.
void measure_sampling(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows,
                      double top_p) {
  const auto count = static_cast<std::size_t>(rows), cols = static_cast<std::size_t>(shape.vocab);
  const double bytes = 4.0 * shape.vocab;
  const int sets = timing.sets(bytes * rows);
  const DeviceBuffer<double> probabilities(count * cols, "probabilities");
  const DeviceBuffer<Candidate> scratch(count * candidates_per_row(shape.vocab), "candidates");
  const DeviceBuffer<int> wrong(count, "flags"), drawn_of_each(count, "counts");
  const DeviceBuffer<std::int32_t> tokens(count, "tokens");
  std::vector<RowSoftmax> questions;
  std::vector<RowDraw> draws;
  for (int i = 0; i < rows * sets; ++i) {
    questions.push_back({.logits = timing.rotating<float>(i, bytes),
                         .probabilities = probabilities.data() + static_cast<std::size_t>(i % rows) * cols,
                         .temperature = 0.7,
                         .top_p = top_p});
  }
  for (int i = 0; i < rows; ++i) {
    draws.push_back({.row = probabilities.data() + static_cast<std::size_t>(i) * cols,
                     .key = static_cast<std::uint64_t>(i),
                     .first = i});
  }
  const auto asked = on_device(questions, timing.stream());
  const auto drawn = on_device(draws, timing.stream());
  // Logits are read, probabilities written and read.
  measure_kernel(state, timing, {.bytes = 20.0 * rows * shape.vocab}, sets, [&](int set) {
    row_probabilities({asked.data() + set * rows, scratch.data(), wrong.data(), rows, shape.vocab},
                      timing.stream());
    row_draws({drawn.data(), tokens.data(), drawn_of_each.data(), rows, shape.vocab}, timing.stream());
  });
}

}  // namespace

void add_row_cases(DeviceTiming& timing, const ModelShape& shape) {
  const auto add = [&](const char* kernel, auto measure) {
    for (const int rows : {1, 2, 4, 8, 16, 32, 64}) {
      add_case(
          fmt::format("{}/{}/rows:{}", kernel, slug(shape.name), rows),
          [&timing, shape, rows, measure](auto& state) { measure(state, timing, shape, rows); }, 10);
    }
  };
  add("embed", measure_embedding);
  add("rms_norm", measure_norm);
  add("swiglu", measure_swiglu);
  add("row_argmax", measure_argmax);
  add("row_likeliest", measure_likeliest);
  add("row_statistics", measure_statistics);
  add("row_sampling", [](auto& state, DeviceTiming& with, const ModelShape& of, int rows) {
    measure_sampling(state, with, of, rows, 1);
  });
  add("row_sampling_top_p", [](auto& state, DeviceTiming& with, const ModelShape& of, int rows) {
    measure_sampling(state, with, of, rows, 0.9);
  });
}

}  // namespace speclab
