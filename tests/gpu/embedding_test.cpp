#include "kernels/cuda/embedding.h"

#include "tests/gpu/on_device.h"

namespace speclab {
namespace {

template <class T>
class EmbeddingOnDevice : public OnDevice {};
using Types = testing::Types<Bf16, F16>;
TYPED_TEST_SUITE(EmbeddingOnDevice, Types);

TYPED_TEST(EmbeddingOnDevice, gives_each_token_its_row) {
  for (const int hidden : {1, 24, 333}) {
    constexpr int kVocab = 19;
    const auto table = noise_rows<TypeParam>(kVocab, hidden, padded8(hidden), 1);
    const std::vector<std::int32_t> tokens{18, 0, 7, 7};
    in_every_order([&] {
      Stream stream;
      const auto device_table = to_device(table, stream);
      const auto device_tokens = to_device(tokens, stream);
      DeviceBuffer<float> residual(tokens.size() * static_cast<std::size_t>(hidden), "rows");
      embed<TypeParam>({device_table.data(), device_tokens.data(), residual.data(),
                        static_cast<int>(tokens.size()), hidden},
                       stream);
      const std::vector<float> rows = to_host(residual, stream);
      for (std::size_t n = 0; n < tokens.size(); ++n) {
        for (int i = 0; i < hidden; ++i) {
          const float expected = to_float(table[tokens[n] * padded8(hidden) + i]);
          ASSERT_EQ(rows[n * static_cast<std::size_t>(hidden) + static_cast<std::size_t>(i)], expected);
        }
      }
    });
  }
}

}  // namespace
}  // namespace speclab
