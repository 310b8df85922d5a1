#include "kernels/cuda/cache_keep.h"

#include "tests/gpu/on_device.h"
#include "tests/gpu/reference.h"

namespace speclab {
namespace {

TEST(CacheKeepDemand, counts_what_is_read_and_written) {
  EXPECT_EQ(cache_keep_demand(3, 2, 4, 64).bytes, 3 * 2 * 4 * 64 * 2 * 2 * 2);
}

class CacheKeepOnDevice : public OnDevice {};

TEST_F(CacheKeepOnDevice, moves_paths_behind_their_texts) {
  constexpr int kLayers = 2, kHeads = 3, kHeadDim = 22, kPages = 5;
  const std::vector<int> table{4, 0, 2, 1};  // two sequences of two pages; page 3 is nobody's
  // Six moves, some onto slots that other moves read, and one that stays.
  const std::vector<int> from{62, 63, 64, 66, 67, 70, 3, 5};
  const std::vector<KeptSlots> paths{{0, 61, 0, 6}, {1, 3, 6, 2}, {0, 20, 0, 0}};
  const std::size_t layer = cache_elements(kPages, kHeads, kHeadDim);
  std::vector<Bf16> keys(kLayers * layer), values(kLayers * layer);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i].bits = static_cast<std::uint16_t>(mix64(i));
    values[i].bits = static_cast<std::uint16_t>(mix64(i + keys.size()));
  }
  auto expected_keys = keys, expected_values = values;
  const auto at = [&](int sequence, int slot, std::size_t l, int head, int i) {
    const int page = table[2 * sequence + slot / kPagePositions];
    return l * layer +
           index_of(static_cast<std::size_t>((page * kHeads + head) * kPagePositions + slot % kPagePositions),
                    padded8(kHeadDim), i);
  };
  for (const KeptSlots& path : paths) {
    for (int m = 0; m < path.count; ++m) {
      for (std::size_t l = 0; l < kLayers; ++l) {
        for (int head = 0; head < kHeads; ++head) {
          for (int i = 0; i < padded8(kHeadDim); ++i) {
            const std::size_t source = at(path.sequence, from[path.begin + m], l, head, i);
            expected_keys[at(path.sequence, path.to + m, l, head, i)] = keys[source];
            expected_values[at(path.sequence, path.to + m, l, head, i)] = values[source];
          }
        }
      }
    }
  }
  in_every_order([&] {
    Stream stream;
    const auto device_keys = to_device(keys, stream), device_values = to_device(values, stream);
    const auto device_table = to_device(table, stream), device_from = to_device(from, stream);
    const auto device_paths = to_device(paths, stream);
    keep_in_cache<Bf16>({{device_keys.data(), device_values.data(), device_table.data(), 2, kHeads, kHeadDim},
                         static_cast<long long>(layer),
                         device_paths.data(),
                         device_from.data(),
                         static_cast<int>(paths.size()),
                         kLayers},
                        stream);
    const auto got_keys = to_host(device_keys, stream), got_values = to_host(device_values, stream);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ASSERT_EQ(got_keys[i].bits, expected_keys[i].bits) << i;
      ASSERT_EQ(got_values[i].bits, expected_values[i].bits) << i;
    }
  });
}

}  // namespace
}  // namespace speclab
