#include <fmt/format.h>

#include "core/catalogue.h"
#include "experiments/micro/cuda/bench_program.h"
#include "experiments/micro/cuda/kernel_cases.h"
#include "kernels/cuda/embedding.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/swiglu.h"

namespace speclab {
namespace {

std::size_t elements(int rows, int width) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(padded16(width));
}

void measure_embedding(benchmark::State& state, DeviceTiming& timing, const ModelShape& shape, int rows) {
  std::vector<std::int32_t> numbers;
  for (int i = 0; i < rows; ++i) numbers.push_back(rows - 1 - i);
  const DeviceBuffer<std::int32_t> tokens(numbers.size(), "tokens");
  copy(tokens.data(), std::span<const std::int32_t>(numbers), timing.stream());
  timing.stream().wait();
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

}  // namespace

void add_row_cases(DeviceTiming& timing, const ModelShape& shape) {
  const auto add = [&](const char* kernel, auto measure) {
    for (const int rows : {1, 2, 4, 8, 16, 32, 64}) {
      add_case(fmt::format("{}/{}/rows:{}", kernel, slug(shape.name), rows),
               [&timing, shape, rows, measure](auto& state) { measure(state, timing, shape, rows); });
    }
  };
  add("embed", measure_embedding);
  add("rms_norm", measure_norm);
  add("swiglu", measure_swiglu);
}

}  // namespace speclab
