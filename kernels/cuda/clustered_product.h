#pragma once

#include "kernels/cuda/few_rows_product.h"

namespace speclab {

// The same product by clusters of eight blocks, a block for each part of k (see product_tile.h), which keeps
// its part of all rows of x in shared memory. So x crosses the second-level cache once for many outputs,
// where multiply_by_blocks reads it for every 16 or 32: with 16 rows as many bytes as the weights themselves.

// Whether the stream's device has clusters, and a block's part of x has room in shared memory.
template <class T, class W>
bool fits_clusters(const FewRowsProduct<T, W>& task, const Stream& stream);

// On a stream that has clusters.
template <class T, class W>
void multiply_by_clusters(const FewRowsProduct<T, W>& task, Stream& stream);

}  // namespace speclab
