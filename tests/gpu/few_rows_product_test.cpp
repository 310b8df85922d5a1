#include "kernels/cuda/few_rows_product.h"

#include <cstring>
#include <type_traits>

#include "kernels/cuda/clustered_product.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/reference.h"

namespace speclab {
namespace {

template <class Number, class Weight>
struct Pair {
  using T = Number;
  using W = Weight;
};

template <class P>
class ProductOnDevice : public OnDevice {
 protected:
  using T = typename P::T;
  using W = typename P::W;
  static constexpr bool kInt8 = sizeof(W) == 1;

  static std::vector<W> make_weights(int outputs, int inputs) {
    if constexpr (kInt8) {
      std::vector<W> weights(static_cast<std::size_t>(outputs * padded16(inputs)));
      for (int j = 0; j < outputs; ++j) {
        for (int k = 0; k < inputs; ++k) {
          const std::size_t at = index_of(static_cast<std::size_t>(j), padded16(inputs), k);
          weights[at] = static_cast<W>(std::lround(127 * noise(at)));
        }
      }
      return weights;
    } else {
      return noise_rows<W>(outputs, inputs, padded8(inputs), 1);
    }
  }

  // A matrix with its scales and 64 rows for it.
  struct Problem {
    Problem(int inputs_, int outputs_, int matrices)
        : inputs(inputs_),
          outputs(outputs_),
          weights(make_weights(outputs_ * matrices, inputs_)),
          scales(noise_rows<float>(1, outputs_ * matrices, outputs_ * matrices, 2, 1.0f / 127)),
          x(noise_rows<T>(64, inputs_, padded16(inputs_), 3)),
          device_weights(to_device(weights, stream)),
          device_scales(to_device(scales, stream)),
          device_x(to_device(x, stream)) {}

    SumOfProducts exact(int row, int j) const {
      const int stride = kInt8 ? padded16(inputs) : padded8(inputs);
      SumOfProducts sum =
          sum_of_products(x.data() + index_of(static_cast<std::size_t>(row), padded16(inputs), 0),
                          weights.data() + index_of(static_cast<std::size_t>(j), stride, 0), inputs);
      if (kInt8) {
        sum.value *= scales[j];
        sum.magnitude *= std::abs(scales[j]);
      }
      return sum;
    }

    FewRowsProduct<T, W> task(int rows, Finish finish, void* out, int stride) const {
      return {device_weights.data(),
              kInt8 ? device_scales.data() : nullptr,
              device_x.data(),
              out,
              rows,
              inputs,
              outputs,
              stride,
              finish};
    }
    using Multiply = void (*)(const FewRowsProduct<T, W>&, Stream&);
    template <class Out>
    std::vector<Out> run(int rows, Finish finish, const std::vector<Out>& before, int stride,
                         Multiply by = multiply_by_blocks<T, W>) {
      const auto out = to_device(before, stream);
      by(task(rows, finish, out.data(), stride), stream);
      return to_host(out, stream);
    }

    Stream stream;
    int inputs, outputs;
    std::vector<W> weights;
    std::vector<float> scales;
    std::vector<T> x;
    DeviceBuffer<W> device_weights;
    DeviceBuffer<float> device_scales;
    DeviceBuffer<T> device_x;
  };
};

using Types =
    testing::Types<Pair<Bf16, Bf16>, Pair<F16, F16>, Pair<Bf16, std::int8_t>, Pair<F16, std::int8_t>>;
TYPED_TEST_SUITE(ProductOnDevice, Types);

struct Shape {
  int inputs, outputs, rows;
};
constexpr Shape kShapes[] = {{1, 1, 1},    {24, 7, 3},    {64, 16, 8},   {100, 33, 9}, {640, 40, 16},
                             {72, 34, 17}, {136, 66, 40}, {2056, 17, 5}, {96, 32, 64}};

TYPED_TEST(ProductOnDevice, stores_what_double_arithmetic_gives) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(testing::Message() << shape.inputs << " to " << shape.outputs << ", rows " << shape.rows);
    typename TestFixture::Problem problem(shape.inputs, shape.outputs, 1);
    const int stride = shape.outputs + 3;
    const std::vector<float> untouched(index_of(static_cast<std::size_t>(shape.rows), stride, 0), 5.0f);
    in_every_order([&] {
      const auto y = problem.run(shape.rows, Finish::store, untouched, stride);
      const auto sums = problem.run(shape.rows, Finish::add, untouched, stride);
      for (int n = 0; n < shape.rows; ++n) {
        for (int j = 0; j < stride; ++j) {
          const std::size_t at = index_of(static_cast<std::size_t>(n), stride, j);
          if (j >= shape.outputs) {
            ASSERT_EQ(y[at], 5.0f) << "beyond the outputs";
            continue;
          }
          const SumOfProducts exact = problem.exact(n, j);
          ASSERT_NEAR(y[at], exact.value, sum_tolerance(exact, shape.inputs)) << n << ", " << j;
          ASSERT_EQ(sums[at], 5.0f + y[at]);
        }
      }
    });
  }
}

TYPED_TEST(ProductOnDevice, gates_one_half_by_the_other) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(testing::Message() << shape.inputs << " to " << shape.outputs << ", rows " << shape.rows);
    typename TestFixture::Problem problem(shape.inputs, shape.outputs, 2);
    const int stride = padded16(shape.outputs);
    const std::vector<typename TypeParam::T> zeros(index_of(static_cast<std::size_t>(shape.rows), stride, 0),
                                                   typename TypeParam::T{});
    const auto out = problem.run(shape.rows, Finish::gate, zeros, stride);
    for (int n = 0; n < shape.rows; ++n) {
      for (int j = 0; j < stride; ++j) {
        const double value = to_float(out[index_of(static_cast<std::size_t>(n), stride, j)]);
        if (j >= shape.outputs) {
          ASSERT_EQ(value, 0);
          continue;
        }
        const SumOfProducts gate = problem.exact(n, j), up = problem.exact(n, shape.outputs + j);
        const double expected = reference_silu(gate.value) * up.value;
        // silu's slope is at most 1.1; then the rounding, to half a smallest number near zero.
        const double tolerance = 1.1 * sum_tolerance(gate, shape.inputs) * std::abs(up.value) +
                                 std::abs(reference_silu(gate.value)) * sum_tolerance(up, shape.inputs) +
                                 1.01 * unit_roundoff<typename TypeParam::T>() * std::abs(expected) + 0x1p-24;
        ASSERT_NEAR(value, expected, tolerance) << n << ", " << j;
      }
    }
  }
}

TYPED_TEST(ProductOnDevice, gives_a_row_the_same_bits_among_any_others) {
  typename TestFixture::Problem problem(1096, 37, 1);
  const std::vector<float> zeros(64 * 37, 0.0f);
  const auto all = problem.run(64, Finish::store, zeros, 37);
  for (const int rows : {1, 7, 8, 13, 16, 24, 33}) {
    const auto few = problem.run(rows, Finish::store, zeros, 37);
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows * 37); ++i) {
      ASSERT_EQ(few[i], all[i]) << rows << " rows, element " << i;
    }
  }
}

// On a device without clusters there is nothing to compare.
TYPED_TEST(ProductOnDevice, gives_the_same_bits_by_clusters) {
  const ClustersOnDevice clusters;
  constexpr Shape kFew[] = {{24, 7, 3},   {24, 40, 9},   {640, 140, 16}, {136, 66, 20},
                            {72, 33, 33}, {136, 20, 63}, {1096, 33, 64}};
  for (const Shape& shape : kFew) {
    SCOPED_TRACE(testing::Message() << shape.inputs << " to " << shape.outputs << ", rows " << shape.rows);
    typename TestFixture::Problem problem(shape.inputs, shape.outputs, 2);
    if (!fits_clusters(problem.task(shape.rows, Finish::store, nullptr, shape.outputs), problem.stream))
      return;
    const std::size_t count = index_of(static_cast<std::size_t>(shape.rows), padded16(shape.outputs), 0);
    const auto same = [&]<class Out>(Finish finish, const std::vector<Out>& before) {
      const auto run = [&](auto by) {
        return problem.run(shape.rows, finish, before, padded16(shape.outputs), by);
      };
      const auto blocks = run(multiply_by_blocks<typename TypeParam::T, typename TypeParam::W>),
                 clustered = run(multiply_by_clusters<typename TypeParam::T, typename TypeParam::W>);
      EXPECT_EQ(std::memcmp(clustered.data(), blocks.data(), count * sizeof(Out)), 0);
    };
    same(Finish::add, std::vector<float>(count, 5.0f));
    same(Finish::gate, std::vector<typename TypeParam::T>(count));
    if (shape.inputs == 24) in_every_order([&] { same(Finish::store, std::vector<float>(count, 5.0f)); });
  }
}

TYPED_TEST(ProductOnDevice, names_the_first_row_that_is_not_finite) {
  using Number = typename TypeParam::T;
  using Weight = typename TypeParam::W;
  const ClustersOnDevice clusters;
  typename TestFixture::Problem problem(72, 150, 1);
  for (const int row : {5, 8})
    problem.x[index_of(static_cast<std::size_t>(row), padded16(72), 3)] = number_of<Number>(INFINITY);
  problem.device_x = to_device(problem.x, problem.stream);
  const auto min = [&](auto by, int rows) {
    const auto out = to_device(std::vector<float>(static_cast<std::size_t>(rows) * 150), problem.stream);
    const auto found = to_device(std::vector<std::int32_t>{1000}, problem.stream);
    FewRowsProduct<Number, Weight> task = problem.task(rows, Finish::store, out.data(), 150);
    task.not_finite = found.data();
    task.first_row = 100;
    by(task, problem.stream);
    return to_host(found, problem.stream)[0];
  };
  for (const int rows : {5, 6, 20}) {
    const int expected = rows > 5 ? 105 : 1000;
    EXPECT_EQ(min(multiply_by_blocks<Number, Weight>, rows), expected) << rows;
    if (problem.stream.has_clusters()) {
      EXPECT_EQ(min(multiply_by_clusters<Number, Weight>, rows), expected) << rows;
    }
  }
}

#ifdef SPECLAB_CUDA_SHIM
TYPED_TEST(ProductOnDevice, takes_no_more_than_fits_in_a_cluster) {
  const ClustersOnDevice clusters;
  const Stream stream;
  FewRowsProduct<typename TypeParam::T, typename TypeParam::W> task;
  task.rows = 64;
  for (const int inputs : {768, 4096, 11008, 14336}) {
    task.inputs = inputs;
    EXPECT_TRUE(fits_clusters(task, stream)) << inputs;
  }
  task.inputs = 28672;
  EXPECT_FALSE(fits_clusters(task, stream));
  task.rows = 32;
  EXPECT_TRUE(fits_clusters(task, stream));
}

#endif

}  // namespace
}  // namespace speclab
