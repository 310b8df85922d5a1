#include <fmt/format.h>

#include <memory>

#include "core/cost/catalogue.h"
#include "experiments/bench/cuda/bench_program.h"
#include "experiments/bench/cuda/kernel_cases.h"
#include "kernels/cuda/clustered_product.h"
#include "kernels/cuda/few_rows_product.h"
#include "kernels/cuda/many_rows_product.h"
#include "kernels/cuda/number.h"
#include "kernels/cuda/swiglu.h"

namespace speclab {
namespace {

constexpr int kOurMaxRows = FewRowsProduct<Bf16>::kMaxRows;

// A matrix of a model, as the pass multiplies with it.
struct Matrix {
  const char* name;
  int inputs, outputs;
  Finish finish;

  int stored_outputs() const { return finish == Finish::gate ? 2 * outputs : outputs; }
  double bytes(double each) const { return each * stored_outputs() * padded16(inputs); }
};

std::vector<Matrix> matrices_of(const ModelShape& shape) {
  const int queries = shape.heads * shape.head_dim, keys = shape.kv_heads * shape.head_dim;
  return {{"qkv", shape.hidden, queries + 2 * keys, Finish::store},
          {"attention_out", queries, shape.hidden, Finish::add},
          {"gate_up", shape.hidden, shape.feed_forward, Finish::gate},
          {"down", shape.feed_forward, shape.hidden, Finish::add},
          {"head", shape.hidden, shape.vocab, Finish::store}};
}

// Rows for a matrix, and room for what comes out.
struct Operands {
  Operands(DeviceTiming& timing, const Matrix& matrix, int rows)
      : x(static_cast<std::size_t>(rows) * static_cast<std::size_t>(padded16(matrix.inputs)), "rows"),
        out(static_cast<std::size_t>(rows) * static_cast<std::size_t>(padded16(matrix.stored_outputs())),
            "what comes out"),
        gated(out.size(), "what comes out") {
    copy_bytes(x.data(), timing.rotating<Bf16>(0, 0), x.size() * sizeof(Bf16), timing.stream());
    fill_bytes(out.data(), 0, out.size() * sizeof(float), timing.stream());
  }
  DeviceBuffer<Bf16> x;
  DeviceBuffer<float> out;
  DeviceBuffer<Bf16> gated;
};

// More rows than the kernel takes go through it in several launches, as in the model.
template <class W>
Launch ours(DeviceTiming& timing, const Matrix& matrix, const Operands& operands, int rows,
            void (*by)(const FewRowsProduct<Bf16, W>&, Stream&) = multiply<Bf16, W>) {
  return [&timing, &operands, matrix, rows, by](int set) {
    const int stride = matrix.finish == Finish::gate ? padded16(matrix.outputs) : matrix.outputs;
    for (int first = 0; first < rows; first += kOurMaxRows) {
      FewRowsProduct<Bf16, W> task;
      task.weights = timing.rotating<W>(set, matrix.bytes(sizeof(W)));
      task.scales = timing.rotating<float>(0, 0);
      task.x = operands.x.data() + static_cast<std::ptrdiff_t>(first) * padded16(matrix.inputs);
      const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(first) * stride;
      task.out = matrix.finish == Finish::gate ? static_cast<void*>(operands.gated.data() + at)
                                               : static_cast<void*>(operands.out.data() + at);
      task.rows = std::min(rows - first, kOurMaxRows);
      task.inputs = matrix.inputs;
      task.outputs = matrix.outputs;
      task.stride = stride;
      task.finish = matrix.finish;
      by(task, timing.stream());
    }
  };
}

Launch by_cublas(DeviceTiming& timing, const Matrix& matrix, const Operands& operands, int rows,
                 ManyRowsProduct& cublas) {
  return [&timing, &operands, &cublas, matrix, rows](int set) {
    cublas.multiply(timing.rotating<Bf16>(set, matrix.bytes(sizeof(Bf16))), operands.x.data(),
                    operands.out.data(), rows, matrix.inputs, matrix.stored_outputs(),
                    matrix.stored_outputs(), matrix.finish == Finish::add);
    if (matrix.finish != Finish::gate) return;
    Swiglu<Bf16> gate;
    gate.y = operands.out.data();
    gate.out = operands.gated.data();
    gate.rows = rows;
    gate.width = matrix.outputs;
    swiglu(gate, timing.stream());
  };
}

template <class W>
void measure_product(benchmark::State& state, DeviceTiming& timing, const Matrix& matrix, int rows) {
  const Operands operands(timing, matrix, rows);
  measure_kernel(state, timing, product_demand(rows, matrix.inputs, matrix.outputs, sizeof(W), matrix.finish),
                 timing.sets(matrix.bytes(sizeof(W))), ours<W>(timing, matrix, operands, rows));
}

}  // namespace

void add_product_cases(DeviceTiming& timing, const ModelShape& shape) {
  const auto cublas = std::make_shared<ManyRowsProduct>(timing.stream());
  for (const Matrix& matrix : matrices_of(shape)) {
    const std::string of = fmt::format("{}/{}", slug(shape.name), matrix.name);
    for (const int rows : {1, 2, 4, 8, 16, 32, 64}) {
      add_case(fmt::format("few_rows_product/{}/rows:{}", of, rows),
               [&timing, matrix, rows](auto& state) { measure_product<Bf16>(state, timing, matrix, rows); });
    }
    for (const int rows : {1, 8, 16, 64}) {
      add_case(fmt::format("few_rows_product_int8/{}/rows:{}", of, rows),
               [&timing, matrix, rows](auto& state) {
                 measure_product<std::int8_t>(state, timing, matrix, rows);
               });
    }
    for (const int rows : {1, 2, 4, 8, 16, 32, 64}) {
      add_case(fmt::format("clusters_against_blocks/{}/rows:{}", of, rows), [&timing, matrix,
                                                                             rows](auto& state) {
        FewRowsProduct<Bf16> task;
        task.rows = rows;
        task.inputs = matrix.inputs;
        if (!fits_clusters(task, timing.stream()))
          return state.SkipWithError("no clusters that hold so much");
        const Operands operands(timing, matrix, rows);
        compare_kernels(state, timing, product_demand(rows, matrix.inputs, matrix.outputs, 2, matrix.finish),
                        timing.sets(matrix.bytes(2)),
                        ours<Bf16>(timing, matrix, operands, rows, multiply_by_clusters<Bf16, Bf16>),
                        ours<Bf16>(timing, matrix, operands, rows, multiply_by_blocks<Bf16, Bf16>));
      });
    }
    for (const int rows : {1, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 512}) {
      add_case(fmt::format("product_against_cublas/{}/rows:{}", of, rows), [&timing, matrix, rows,
                                                                            cublas](auto& state) {
        const Operands operands(timing, matrix, rows);
        compare_kernels(state, timing, product_demand(rows, matrix.inputs, matrix.outputs, 2, matrix.finish),
                        timing.sets(matrix.bytes(2)), ours<Bf16>(timing, matrix, operands, rows),
                        by_cublas(timing, matrix, operands, rows, *cublas));
      });
    }
  }
}

}  // namespace speclab
