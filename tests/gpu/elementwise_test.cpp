#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/swiglu.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/reference.h"

namespace speclab {
namespace {

template <class T>
class ElementwiseOnDevice : public OnDevice {};
using Types = testing::Types<Bf16, F16>;
TYPED_TEST_SUITE(ElementwiseOnDevice, Types);

TYPED_TEST(ElementwiseOnDevice, norms_rows_in_the_order_asked_for) {
  for (const int hidden : {1, 40, 515, 1500}) {
    const auto x = noise_rows<float>(4, hidden, hidden, 1, 3.0f);
    const auto weight = noise_rows<float>(1, hidden, hidden, 2);
    const std::vector<int> at{2, 0, 3};
    constexpr float kEpsilon = 1e-5f;
    in_every_order([&] {
      Stream stream;
      const auto device_x = to_device(x, stream);
      const auto device_weight = to_device(weight, stream);
      const auto device_at = to_device(at, stream);
      DeviceBuffer<TypeParam> rounded(index_of(3, padded16(hidden), 0), "rounded");
      DeviceBuffer<float> exact(index_of(3, hidden, 0), "exact");
      rms_norm<TypeParam>({device_x.data(), device_at.data(), device_weight.data(), rounded.data(),
                           exact.data(), 3, hidden, kEpsilon},
                          stream);
      const auto got = to_host(exact, stream);
      const auto bits = to_host(rounded, stream);
      for (std::size_t n = 0; n < 3; ++n) {
        const auto expected = reference_rms_norm(
            x.data() + index_of(static_cast<std::size_t>(at[n]), hidden, 0), weight.data(), hidden, kEpsilon);
        for (int i = 0; i < padded16(hidden); ++i) {
          const std::uint16_t half = bits[index_of(n, padded16(hidden), i)].bits;
          if (i >= hidden) {
            ASSERT_EQ(half, 0) << "beyond the row";
            continue;
          }
          const float value = got[index_of(n, hidden, i)];
          // hidden additions of squares, half of whose relative error the root leaves, and a few operations
          // more.
          ASSERT_NEAR(value, expected[i], (hidden / 2.0 + 6) * 0x1p-24 * std::abs(expected[i]));
          ASSERT_EQ(half, number_of<TypeParam>(value).bits);
        }
      }
    });
  }
}

TYPED_TEST(ElementwiseOnDevice, rounds_rows_without_a_norm) {
  Stream stream;
  const auto x = noise_rows<float>(2, 21, 21, 1);
  const auto device_x = to_device(x, stream);
  DeviceBuffer<TypeParam> rounded(2 * 32, "rounded");
  rms_norm<TypeParam>({device_x.data(), nullptr, nullptr, rounded.data(), nullptr, 2, 21, 0}, stream);
  const auto bits = to_host(rounded, stream);
  for (int i = 0; i < 32; ++i) {
    ASSERT_EQ(bits[index_of(1, 32, i)].bits, i < 21 ? number_of<TypeParam>(x[index_of(1, 21, i)]).bits : 0);
  }
}

TYPED_TEST(ElementwiseOnDevice, gates) {
  for (const int width : {1, 30, 300}) {
    Stream stream;
    const auto y = noise_rows<float>(3, 2 * width, 2 * width, 1, 4.0f);
    const auto device_y = to_device(y, stream);
    DeviceBuffer<TypeParam> out(index_of(3, padded16(width), 0), "out");
    swiglu<TypeParam>({device_y.data(), out.data(), 3, width}, stream);
    const auto got = to_host(out, stream);
    for (std::size_t n = 0; n < 3; ++n) {
      for (int i = 0; i < padded16(width); ++i) {
        const double value = to_float(got[index_of(n, padded16(width), i)]);
        const double expected =
            i < width ? reference_silu(y[index_of(n, 2 * width, i)]) * y[index_of(n, 2 * width, width + i)]
                      : 0;
        ASSERT_NEAR(value, expected, 1.01 * unit_roundoff<TypeParam>() * std::abs(expected) + 0x1p-25);
      }
    }
  }
}

}  // namespace
}  // namespace speclab
