#include "kernels/cuda/many_rows_product.h"

#include "tests/gpu/on_device.h"
#include "tests/gpu/reference.h"

namespace speclab {
namespace {

template <class T>
class ManyRowsOnDevice : public OnDevice {};
using Types = testing::Types<Bf16, F16>;
TYPED_TEST_SUITE(ManyRowsOnDevice, Types);

TYPED_TEST(ManyRowsOnDevice, multiplies_as_it_is_or_in_a_graph) {
  constexpr int kRows = 70, kInputs = 44, kOutputs = 19, kStride = 21;
  Stream stream;
  const auto weights = noise_rows<TypeParam>(kOutputs, kInputs, padded8(kInputs), 1);
  const auto x = noise_rows<TypeParam>(kRows, kInputs, padded16(kInputs), 2);
  const auto device_weights = to_device(weights, stream), device_x = to_device(x, stream);
  const auto out = to_device(std::vector<float>(kRows * kStride, 2.0f), stream);
  ManyRowsProduct products(stream);
  const auto multiply = [&](bool add) {
    products.multiply(device_weights.data(), device_x.data(), out.data(), kRows, kInputs, kOutputs, kStride,
                      add);
  };
  multiply(false);
  const Graph graph(stream, [&] { multiply(true); });
  graph.launch(stream);
  const auto got = to_host(out, stream);
  for (std::size_t n = 0; n < kRows; ++n) {
    for (int j = 0; j < kStride; ++j) {
      if (j >= kOutputs) {
        ASSERT_EQ(got[index_of(n, kStride, j)], 2.0f);
        continue;
      }
      const SumOfProducts exact = sum_of_products(
          x.data() + index_of(n, padded16(kInputs), 0),
          weights.data() + index_of(static_cast<std::size_t>(j), padded8(kInputs), 0), kInputs);
      ASSERT_NEAR(got[index_of(n, kStride, j)], 2 * exact.value, 2 * sum_tolerance(exact, kInputs));
    }
  }
}

}  // namespace
}  // namespace speclab
