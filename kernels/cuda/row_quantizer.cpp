#include "kernels/cuda/row_quantizer.h"

#include <algorithm>

#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/weight_values.h"
#include "kernels/cuda/with_number.h"

namespace speclab {
namespace {

constexpr std::size_t kScratchBytes = std::size_t{16} << 20;

}  // namespace

std::size_t row_bytes(int inputs, bool int8) {
  return static_cast<std::size_t>(int8 ? padded16(inputs) : 2 * padded8(inputs));
}

void RowQuantizer::write(Dtype dtype, int outputs, int inputs, const Rows& rows, std::int8_t* to,
                         float* scales) {
  const std::size_t bytes = row_bytes(inputs, true), plain_bytes = row_bytes(inputs, false);
  const int max = static_cast<int>(std::max<std::size_t>(1, kScratchBytes / plain_bytes));
  scratch_.require(plain_bytes * static_cast<std::size_t>(std::min(max, outputs)), "rows that become int8");
  for (int begin = 0; begin < outputs; begin += max) {
    const int end = std::min(begin + max, outputs);
    rows(begin, end, scratch_.data());
    with_number(dtype, [&]<class T>(T) {
      quantize<T>({reinterpret_cast<const T*>(scratch_.data()), to + static_cast<std::size_t>(begin) * bytes,
                   scales + begin, end - begin, inputs},
                  stream_);
    });
  }
}

}  // namespace speclab
