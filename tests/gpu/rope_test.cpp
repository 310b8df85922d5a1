#include "kernels/cuda/rope.h"

#include "kernels/llama/rope_table.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/reference.h"

namespace speclab {
namespace {

struct RopeCase {
  int head_dim, heads, kv_heads;
  bool bias, norm;
};

template <class T>
class RopeOnDevice : public OnDevice {};
using Types = testing::Types<Bf16, F16>;
TYPED_TEST_SUITE(RopeOnDevice, Types);

TYPED_TEST(RopeOnDevice, rotates_queries_and_keys_and_fills_the_cache) {
  using T = TypeParam;
  constexpr int kRows = 4, kPages = 5, kPositions = 200;
  // Pages of two sequences, not in order.
  const std::vector<int> table{3, 1, 4, 0};
  const std::vector<RowPlace> places{{0, 5, 5}, {0, 70, 66}, {1, 64, 64}, {1, 0, 199}};
  for (const RopeCase& c : {RopeCase{64, 4, 4, false, false},
                            {96, 4, 1, true, false},
                            {128, 8, 1, false, true},
                            {8, 3, 3, true, true},
                            {18, 6, 2, false, false}}) {
    SCOPED_TRACE(testing::Message() << "head_dim " << c.head_dim);
    RopeConfig config;
    config.scaling = c.bias   ? RopeConfig::Scaling::llama3
                     : c.norm ? RopeConfig::Scaling::linear
                              : RopeConfig::Scaling::none;
    config.factor = 8;
    config.original_max_positions = 64;
    const std::vector<double> frequencies = rope_frequencies(config, c.head_dim);
    const int d = c.head_dim, width = padded8(d), all = c.heads + 2 * c.kv_heads, half = d / 2;
    const auto qkv = noise_rows<float>(kRows, all * d, all * d, 1);
    const auto bias = noise_rows<float>(1, all * d, all * d, 2);
    const auto query_norm = noise_rows<float>(1, d, d, 3), key_norm = noise_rows<float>(1, d, d, 4);
    constexpr float kEpsilon = 1e-6f;
    in_every_order([&] {
      Stream stream;
      const auto device_frequencies = to_device(frequencies, stream);
      DeviceBuffer<float> turns(index_of(kPositions, d, 0), "turns");
      rope_table(device_frequencies.data(), kPositions, d, turns.data(), stream);
      const auto device_qkv = to_device(qkv, stream), device_bias = to_device(bias, stream);
      const auto device_query_norm = to_device(query_norm, stream),
                 device_key_norm = to_device(key_norm, stream);
      const auto device_places = to_device(places, stream);
      const auto device_table = to_device(table, stream);
      DeviceBuffer<T> queries(index_of(kRows, c.heads * width, 0), "queries");
      const std::size_t elements = cache_elements(kPages, c.kv_heads, d);
      DeviceBuffer<T> keys(elements, "keys"), values(elements, "values");
      rope_and_store<T>({device_qkv.data(),
                         c.bias ? device_bias.data() : nullptr,
                         c.norm ? device_query_norm.data() : nullptr,
                         c.norm ? device_key_norm.data() : nullptr,
                         turns.data(),
                         device_places.data(),
                         queries.data(),
                         {keys.data(), values.data(), device_table.data(), 2, c.kv_heads, d},
                         kRows,
                         c.heads,
                         kEpsilon},
                        stream);
      const auto got_queries = to_host(queries, stream), got_keys = to_host(keys, stream),
                 got_values = to_host(values, stream);
      std::size_t written = 0;
      for (std::size_t i = 0; i < elements; ++i) written += got_keys[i].bits != 0xFFFF ? 1 : 0;
      ASSERT_EQ(written, index_of(kRows, c.kv_heads * width, 0)) << "keys outside their slots";

      for (std::size_t n = 0; n < kRows; ++n) {
        const RowPlace& place = places[n];
        for (int head = 0; head < all; ++head) {
          std::vector<double> x(static_cast<std::size_t>(d));
          for (int i = 0; i < d; ++i) {
            x[i] = static_cast<double>(qkv[index_of(n, all * d, head * d + i)]) +
                   (c.bias ? bias[head * d + i] : 0.0f);
          }
          const bool query = head < c.heads, value = head >= c.heads + c.kv_heads;
          if (c.norm && !value) {
            const std::vector<float> rounded(x.begin(), x.end());
            x = reference_rms_norm(rounded.data(), query ? query_norm.data() : key_norm.data(), d, kEpsilon);
          }
          const int kv_head = (head - c.heads) % c.kv_heads;
          const int page = table[2 * place.sequence + place.slot / kPagePositions];
          const std::size_t slot =
              index_of(static_cast<std::size_t>(page * c.kv_heads + kv_head) * kPagePositions +
                           static_cast<std::size_t>(place.slot % kPagePositions),
                       width, 0);
          for (int i = d; i < width; ++i) {
            ASSERT_EQ((query   ? got_queries[index_of(n, c.heads * width, head * width + i)]
                       : value ? got_values[slot + static_cast<std::size_t>(i)]
                               : got_keys[slot + static_cast<std::size_t>(i)])
                          .bits,
                      0);
          }
          for (int i = 0; i < d; ++i) {
            const auto at = [&](int k) { return x[k]; };
            const double angle = place.position * frequencies[i % half];
            const double turned = i < half ? at(i) * std::cos(angle) - at(i + half) * std::sin(angle)
                                           : at(i) * std::cos(angle) + at(i - half) * std::sin(angle);
            const double expected = value ? at(i) : turned;
            const double got = to_float(query   ? got_queries[index_of(n, c.heads * width, head * width + i)]
                                        : value ? got_values[slot + static_cast<std::size_t>(i)]
                                                : got_keys[slot + static_cast<std::size_t>(i)]);
            const double size = std::abs(at(i)) + std::abs(at((i + half) % d));
            ASSERT_NEAR(
                got, expected,
                1.01 * unit_roundoff<T>() * std::abs(expected) + (d / 2.0 + 8) * 0x1p-24 * size + 0x1p-25)
                << "row " << n << ", head " << head << ", element " << i;
          }
        }
      }
    });
  }
}

}  // namespace
}  // namespace speclab
