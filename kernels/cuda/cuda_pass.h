#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/cuda/cache_keep.h"
#include "kernels/cuda/cuda_weights.h"
#include "kernels/cuda/page_pool.h"
#include "kernels/cuda/pass_part.h"

namespace speclab {

// Where a part's results go, in device memory; rows of its own, the part's first asked row first.
struct PassRows {
  float* logits = nullptr;  // (asked, vocab)
  float* hidden = nullptr;  // (asked, hidden)
  float* tapped = nullptr;  // (asked, taps, hidden)
};

// One pass over a model's weights: the launches from tokens to logits, and the memory that they work in.
class CudaPass {
 public:
  virtual ~CudaPass() = default;
  virtual void fit(int partials, int positions) = 0;  // as CudaLayers; so is `moves`
  virtual int moves() const = 0;
  // Puts a part into the stream. Fills the caches.
  virtual void run(const PassPart& part, const PassRows& rows) = 0;
  // Moves kept slots, in all layers.
  virtual void commit(const KeptSlots* paths, const int* from, int path_count, const int* table,
                      int table_stride) = 0;
  // From now on the residual stream after so many layers is kept too, for each of `after`.
  void tap(std::vector<int> after) { taps_ = std::move(after); }
  std::span<const int> taps() const { return taps_; }

 protected:
  std::vector<int> taps_;
};

// ConfigError where a head's size is one that the kernels are not made for. `weights` and `pool` outlive it.
// `cublas_from`: see ModelProducts.
std::unique_ptr<CudaPass> make_cuda_pass(const CudaWeights& weights, const PagePool& pool, Stream& stream,
                                         int cublas_from);

}  // namespace speclab
