#pragma once

#include <cstddef>

#include "core/cost/model_shape.h"
#include "experiments/bench/cuda/kernel_bench.h"

namespace speclab {

// Benchmarks of the kernels at a model's shape, called KERNEL/SHAPE/... `timing` must outlive them.
void add_product_cases(DeviceTiming& timing, const ModelShape& shape);
void add_attention_cases(DeviceTiming& timing, const ModelShape& shape);
void add_row_cases(DeviceTiming& timing, const ModelShape& shape);
void add_rule_cases(DeviceTiming& timing, const ModelShape& shape);

// What these need at most, in bytes (see DeviceTiming).
std::size_t largest_operands(const ModelShape& shape);

}  // namespace speclab
