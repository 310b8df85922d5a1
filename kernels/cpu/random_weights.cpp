#include <sys/mman.h>

#include <bit>
#include <cstring>

#include "core/models/checkpoint/float16.h"
#include "kernels/llama/llama_weights.h"
#include "kernels/llama/random_values.h"

namespace speclab {
namespace {

// Blocks of memory in large pages, where the system gives them: benchmarks shall not measure page walks.
class Blocks {
 public:
  std::byte* add(std::size_t bytes) {
    constexpr std::size_t kPage = std::size_t{1} << 21;
    const std::size_t rounded = (bytes + kPage - 1) / kPage * kPage;
    void* memory = std::aligned_alloc(kPage, rounded);
    if (!memory) throw std::bad_alloc();
    ::madvise(memory, rounded, MADV_HUGEPAGE);
    blocks_.emplace_back(static_cast<std::byte*>(memory));
    return blocks_.back().get();
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::vector<std::unique_ptr<std::byte, Free>> blocks_;
};

// Only for values in f16's normal range, or zero.
std::uint16_t f16_of(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 31 << 15, magnitude = bits & 0x7FFFFFFFu;
  if (magnitude < 0x38800000u) return static_cast<std::uint16_t>(sign);
  return static_cast<std::uint16_t>(sign |
                                    ((magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13));
}

void store(float value, Dtype dtype, std::byte* where) {
  if (dtype == Dtype::f32) {
    std::memcpy(where, &value, sizeof value);
  } else {
    const std::uint16_t bits = dtype == Dtype::bf16 ? bf16_of(value) : f16_of(value);
    std::memcpy(where, &bits, sizeof bits);
  }
}

}  // namespace

LlamaWeights random_weights(const LlamaConfig& config, Dtype dtype, std::uint64_t seed) {
  const auto blocks = std::make_shared<Blocks>();
  const std::uint64_t key = random_key(seed);
  std::uint64_t number = 0;
  const TensorSource source = [&](const std::string&, std::span<const std::int64_t> shape) {
    Tensor tensor{dtype, {shape.begin(), shape.end()}, nullptr};
    const std::int64_t count = tensor.elements();
    std::byte* memory = blocks->add(static_cast<std::size_t>(count) * bytes_of(dtype));
    const bool matrix = shape.size() == 2;
    const float scale = matrix ? matrix_scale(shape[1]) : kNormScale;
    for (std::int64_t i = 0; i < count; ++i) {
      const float value = random_value(key, number++) * scale;
      store(matrix ? value : 1 + value, dtype, memory + static_cast<std::size_t>(i) * bytes_of(dtype));
    }
    tensor.data = memory;
    return tensor;
  };
  return gather_weights(config, source, blocks);
}

}  // namespace speclab
