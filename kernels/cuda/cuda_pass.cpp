#include "kernels/cuda/cuda_pass.h"

#include "kernels/cuda/cache_keep.h"
#include "kernels/cuda/copy_rows.h"
#include "kernels/cuda/cuda_layers.h"
#include "kernels/cuda/embedding.h"
#include "kernels/cuda/model_products.h"
#include "kernels/cuda/with_number.h"

namespace speclab {
namespace {

template <class T>
class CudaPassOf : public CudaPass {
 public:
  CudaPassOf(const CudaWeights& weights, const PagePool& pool, Stream& stream, int cublas_from)
      : weights_(weights),
        c_(weights.config),
        pool_(pool),
        stream_(stream),
        products_(stream, cublas_from, PassPart::kMaxRows, c_.intermediate),
        layers_(c_, c_.hidden, PassPart::kMaxRows, pool, products_, stream) {}

  void fit(int partials, int positions) override { layers_.fit(partials, positions); }
  int moves() const override { return layers_.moves(); }

  void run(const PassPart& part, const PassRows& out) override {
    const int rows = part.size.rows;
    embed<T>(
        {static_cast<const T*>(weights_.embedding.data), part.tokens, layers_.residual(), rows, c_.hidden},
        stream_);
    for (int i = 0; i < c_.layers; ++i) {
      const auto& layer = weights_.layers[i];
      layers_.norm(layer.input_norm, nullptr, rows, nullptr);
      layers_.run(part, layer, i, c_.hidden);
      keep_taps(part, i + 1, out.tapped);
    }
    if (part.size.asked == 0) return;
    layers_.norm(weights_.final_norm, part.asked, part.size.asked, out.hidden);
    if (!part.size.scores) return;
    products_.multiply<T>({.x = layers_.input(),
                           .out = out.logits,
                           .rows = part.size.asked,
                           .inputs = c_.hidden,
                           .outputs = c_.vocab,
                           .stride = c_.vocab,
                           .not_finite = part.not_finite},
                          weights_.head);
  }

  void commit(const KeptSlots* paths, const int* from, int path_count, const int* table,
              int table_stride) override {
    const PagedCache<T> first = pool_.layer<T>(0, table, table_stride);
    const long long stride = c_.layers > 1 ? pool_.layer<T>(1, table, table_stride).keys - first.keys : 0;
    keep_in_cache<T>({first, stride, paths, from, path_count, c_.layers}, stream_);
  }

 private:
  void keep_taps(const PassPart& part, int layers_done, float* tapped) {
    for (std::size_t tap = 0; tap < taps_.size(); ++tap) {
      if (taps_[tap] != layers_done) continue;
      copy_rows({.from = layers_.residual(),
                 .at = part.asked,
                 .to = tapped + tap * static_cast<std::size_t>(c_.hidden),
                 .rows = part.size.asked,
                 .width = c_.hidden,
                 .stride = static_cast<int>(taps_.size()) * c_.hidden},
                stream_);
    }
  }

  const CudaWeights& weights_;
  const LlamaConfig& c_;
  const PagePool& pool_;
  Stream& stream_;
  ModelProducts products_;
  CudaLayers<T> layers_;
};

}  // namespace

std::unique_ptr<CudaPass> make_cuda_pass(const CudaWeights& weights, const PagePool& pool, Stream& stream,
                                         int cublas_from) {
  check_head_dim(weights.config);
  return with_number(weights.dtype, [&]<class T>(T) -> std::unique_ptr<CudaPass> {
    return std::make_unique<CudaPassOf<T>>(weights, pool, stream, cublas_from);
  });
}

}  // namespace speclab
