#include "kernels/cpu/arithmetic.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "core/check.h"
#include "core/errors.h"
#include "kernels/cpu/instruction_sets.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace speclab {
namespace {

#if defined(__x86_64__)
// Clang 14 cannot ask for it by name.
bool converts_f16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

}  // namespace

bool available(InstructionSet set) {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::portable:
      return true;
    case InstructionSet::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && converts_f16();
    case InstructionSet::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bf16");
  }
  return false;
#else
  return set == InstructionSet::portable;
#endif
}

const Arithmetic& arithmetic(InstructionSet set) {
  SPECLAB_CHECK(available(set), "instruction set {} is not available here", static_cast<int>(set));
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return avx512_arithmetic();
  if (set == InstructionSet::avx2) return avx2_arithmetic();
#endif
  return portable_arithmetic();
}

const Arithmetic& best_arithmetic() {
  constexpr InstructionSet kWidestFirst[] = {InstructionSet::avx512, InstructionSet::avx2,
                                             InstructionSet::portable};
  constexpr std::string_view kNames[] = {"avx512", "avx2", "portable"};
  const char* asked = std::getenv("SPECLAB_CPU");
  const std::string_view name = asked ? asked : "";
  for (int i = 0; i < 3; ++i) {
    if (!name.empty() && name != kNames[i]) continue;
    if (available(kWidestFirst[i])) return arithmetic(kWidestFirst[i]);
    if (!name.empty()) throw ConfigError(fmt::format("SPECLAB_CPU={}: this processor lacks it", name));
  }
  throw ConfigError(fmt::format("SPECLAB_CPU={}: it can be portable, avx2 or avx512", name));
}

}  // namespace speclab
