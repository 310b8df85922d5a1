#include "core/numerics/argmax.h"

#include <limits>

#include "core/check.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace speclab {
namespace {

constexpr std::size_t kBlock = 16;

#if defined(__SSE2__)

// max(x, m) takes the second operand where the first is a NaN.
inline __m128 larger(__m128 x, __m128 m) { return _mm_max_ps(x, m); }

inline float block_largest(const float* x) {
  const __m128 lowest = _mm_set1_ps(-std::numeric_limits<float>::infinity());
  const __m128 a = larger(_mm_loadu_ps(x), lowest), b = larger(_mm_loadu_ps(x + 4), lowest);
  const __m128 ab = larger(_mm_loadu_ps(x + 8), a), cd = larger(_mm_loadu_ps(x + 12), b);
  __m128 m = _mm_max_ps(ab, cd);
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
}

// The first index at which the block holds `value`, or kBlock.
inline std::size_t block_find(const float* x, float value) {
  const __m128 v = _mm_set1_ps(value);
  unsigned mask = 0;
  for (unsigned part = 0; part < 4; ++part) {
    mask |= static_cast<unsigned>(_mm_movemask_ps(_mm_cmpeq_ps(_mm_loadu_ps(x + 4 * part), v))) << (4 * part);
  }
  return mask == 0 ? kBlock : static_cast<std::size_t>(__builtin_ctz(mask));
}

#else

inline float block_largest(const float* x) {
  float m = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < kBlock; ++i) m = x[i] > m ? x[i] : m;
  return m;
}

inline std::size_t block_find(const float* x, float value) {
  std::size_t i = 0;
  while (i < kBlock && x[i] != value) ++i;
  return i;
}

#endif

}  // namespace

Token argmax(std::span<const float> logits) {
  float largest = -std::numeric_limits<float>::infinity();
  std::size_t block = 0, begin = 0;
  for (; begin + kBlock <= logits.size(); begin += kBlock) {
    const float here = block_largest(logits.data() + begin);
    if (here > largest) {
      largest = here;
      block = begin;
    }
  }
  std::size_t best = logits.size();
  for (; block < begin && best == logits.size();
       block += kBlock) {  // the first, unless nothing was above -infinity
    const std::size_t found = block_find(logits.data() + block, largest);
    if (found < kBlock) best = block + found;
  }
  for (; begin < logits.size(); ++begin) {
    if (logits[begin] > largest || (best == logits.size() && logits[begin] == largest)) {
      largest = logits[begin];
      best = begin;
    }
  }
  SPECLAB_CHECK(best < logits.size(), "a row of {} logits holds nothing but NaNs", logits.size());
  return static_cast<Token>(best);
}

}  // namespace speclab
