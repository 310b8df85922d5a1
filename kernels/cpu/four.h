#pragma once

namespace speclab {

// Four floats as one value; compilers put it into a register of any instruction set.
typedef float Four __attribute__((vector_size(16)));

static inline Four load_four(const float* x) {
  Four out;
  __builtin_memcpy(&out, x, sizeof out);
  return out;
}

static inline void store_four(float* x, Four four) { __builtin_memcpy(x, &four, sizeof four); }

}  // namespace speclab
