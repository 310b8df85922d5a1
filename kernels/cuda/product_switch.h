#pragma once

#include <span>
#include <vector>

#include "kernels/cuda/cuda_weights.h"

namespace speclab {

// What all products of a layer take, so many rows at a time.
struct ProductTimes {
  int rows;
  double ours, cublas;  // seconds
};

// The least of the numbers of rows, which ascend, from which on cuBLAS is faster; ModelProducts::kNever where
// it is not at the last.
int cublas_from(std::span<const ProductTimes> times);

// Times the first layers of a model on its device, both ways in turns and as graphs, which passes are: some
// hundredths of a second.
std::vector<ProductTimes> time_products(const CudaWeights& weights, Stream& stream);

}  // namespace speclab
