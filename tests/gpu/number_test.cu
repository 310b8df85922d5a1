#include <cmath>
#include <limits>

#include "core/models/checkpoint/float16.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/number_conversion.h"
#include "tests/gpu/on_device.h"

namespace speclab {
namespace {

template <class T>
__global__ void round_kernel(const float* values, T* rounded, float* back, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= count) return;
  rounded[i] = number_of<T>(values[i]);
  back[i] = to_float(rounded[i]);
}

// Every number of the type, its neighbours' middles, what lies just beside these, and the ends of the range.
template <class T>
std::vector<float> telling_values() {
  std::vector<float> values{
      std::numeric_limits<float>::max(),      std::numeric_limits<float>::denorm_min(), 65519.99f, 65520.0f,
      std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};
  for (unsigned bits = 0; bits < 0x7FFF; bits += 3) {
    const float here = to_float(T{static_cast<std::uint16_t>(bits)});
    const float next = to_float(T{static_cast<std::uint16_t>(bits + 1)});
    const float middle = static_cast<float>((static_cast<double>(here) + static_cast<double>(next)) / 2);
    for (const float value : {here, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, next)}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  return values;
}

template <class T>
class NumberOnDevice : public OnDevice {};
using Types = testing::Types<Bf16, F16>;
TYPED_TEST_SUITE(NumberOnDevice, Types);

TYPED_TEST(NumberOnDevice, rounds_like_the_host) {
  const std::vector<float> values = telling_values<TypeParam>();
  Stream stream;
  const auto given = to_device(values, stream);
  DeviceBuffer<TypeParam> rounded(values.size(), "rounded");
  DeviceBuffer<float> back(values.size(), "back");
  launch("round", round_kernel<TypeParam>, {ceil_div(static_cast<long long>(values.size()), 256), 256},
         stream, given.data(), rounded.data(), back.data(), static_cast<int>(values.size()));
  const auto bits = to_host(rounded, stream);
  const auto floats = to_host(back, stream);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const TypeParam expected = number_of<TypeParam>(values[i]);
    if (std::isnan(values[i])) {
      ASSERT_TRUE(std::isnan(floats[i]));
      continue;
    }
    ASSERT_EQ(bits[i].bits, expected.bits) << values[i];
    ASSERT_EQ(floats[i], to_float(expected)) << values[i];
  }
}

// The host's own rounding, against the definition: no number of the type is nearer, and a tie goes to the
// even one.
TYPED_TEST(NumberOnDevice, rounds_to_the_nearest_and_to_even) {
  for (const float value : telling_values<TypeParam>()) {
    const std::uint16_t bits = number_of<TypeParam>(value).bits;
    const double rounded = to_float(TypeParam{bits});
    if (std::isnan(value) || std::isinf(rounded)) continue;
    const double error = std::abs(rounded - static_cast<double>(value));
    for (const int step : {-1, 1}) {
      if ((bits & 0x7FFF) == 0 && step < 0) continue;
      const double other = to_float(TypeParam{static_cast<std::uint16_t>(bits + step)});
      if (std::isinf(other) || std::isnan(other)) continue;
      const double other_error = std::abs(other - static_cast<double>(value));
      ASSERT_TRUE(error < other_error || (error == other_error && bits % 2 == 0)) << value;
    }
  }
}

}  // namespace
}  // namespace speclab
