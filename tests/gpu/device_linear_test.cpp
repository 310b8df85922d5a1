#include "kernels/cuda/device_linear.h"

#include <algorithm>
#include <cmath>

#include "tests/gpu/on_device.h"

namespace speclab {
namespace {

constexpr int kInputs = 21, kOutputs = 5;

class DeviceLinearOnDevice : public OnDevice {
 protected:
  // (kInputs, 2 kOutputs): the numbers of two matrices, one below the other, as products with unit vectors
  // show them. The second is larger throughout.
  std::vector<float> shown(CudaPrecision precision) {
    Stream stream;
    DevicePieces pieces(precision, stream);
    const auto part = [](const std::vector<Bf16>& values) {
      return Linear{Dtype::bf16, reinterpret_cast<const std::byte*>(values.data()), kOutputs, kInputs, {}};
    };
    const Linear parts[] = {part(first_), part(second_)};
    const DeviceLinear linear = pieces.stacked(parts);
    EXPECT_EQ(linear.matrix.scales != nullptr, precision == CudaPrecision::int8);
    std::vector<Bf16> units(static_cast<std::size_t>(kInputs * padded16(kInputs)), Bf16{});
    for (int i = 0; i < kInputs; ++i) units[i * padded16(kInputs) + i] = number_of<Bf16>(1.0f);
    const auto x = to_device(units, stream);
    const DeviceBuffer<float> out(static_cast<std::size_t>(kInputs * 2 * kOutputs), "products");
    multiply(linear, x.data(), out.data(), kInputs, stream);
    return to_host(out, stream);
  }

  std::vector<Bf16> first_ = noise_rows<Bf16>(kOutputs, kInputs, kInputs, 1),
                    second_ = noise_rows<Bf16>(kOutputs, kInputs, kInputs, 2, 40);
};

TEST_F(DeviceLinearOnDevice, holds_stacked_matrices_as_they_are_or_in_int8) {
  const std::vector<float> stored = shown(CudaPrecision::as_stored), int8 = shown(CudaPrecision::int8);
  for (int output = 0; output < 2 * kOutputs; ++output) {
    const auto at = [&](int input) { return static_cast<std::size_t>(input * 2 * kOutputs + output); };
    const std::vector<Bf16>& matrix = output < kOutputs ? first_ : second_;
    float max = 0;
    for (int input = 0; input < kInputs; ++input) {
      EXPECT_EQ(stored[at(input)], to_float(matrix[output % kOutputs * kInputs + input]));
      max = std::max(max, std::abs(stored[at(input)]));
    }
    for (int input = 0; input < kInputs; ++input) {
      const float step = max / 127;
      EXPECT_NEAR(int8[at(input)], std::rint(stored[at(input)] / step) * step, 1e-5f * max);
    }
  }
}

}  // namespace
}  // namespace speclab
