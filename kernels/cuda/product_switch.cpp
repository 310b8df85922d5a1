#include "kernels/cuda/product_switch.h"

#include <algorithm>

#include "core/numerics/quantile.h"
#include "kernels/cuda/model_products.h"
#include "kernels/cuda/with_number.h"

namespace speclab {
namespace {

constexpr int kRows[] = {16, 24, 32, 48, 64, 96, 128, 192, 256, 512};
constexpr int kMaxRows = 512, kMaxLayers = 4, kRepeats = 5;

template <class T>
class LayerProducts {
 public:
  LayerProducts(const CudaWeights& weights, Stream& stream)
      : weights_(weights),
        c_(weights.config),
        x_(room(std::max({c_.hidden, c_.intermediate, queries_length()})), kWhat),
        gated_(room(c_.intermediate), kWhat),
        out_(room(std::max(qkv_length(), c_.hidden)), kWhat) {
    constexpr int kFinite = 0x3C;  // in every byte a number of either type that is neither large nor zero
    fill_bytes(x_.data(), kFinite, x_.size() * sizeof(T), stream);
    fill_bytes(out_.data(), 0, out_.size() * sizeof(float), stream);
  }

  void run(int rows, ModelProducts& products) const {
    const auto layers = std::min<std::size_t>(weights_.layers.size(), kMaxLayers);
    for (std::size_t i = 0; i < layers; ++i) {
      const CudaWeights::Layer& layer = weights_.layers[i];
      const auto multiply = [&](const DeviceMatrix& matrix, int inputs, int outputs, Finish finish) {
        const bool gate = finish == Finish::gate;
        products.multiply(FewRowsProduct<T>{.x = x_.data(),
                                            .out = gate ? static_cast<void*>(gated_.data())
                                                        : static_cast<void*>(out_.data()),
                                            .rows = rows,
                                            .inputs = inputs,
                                            .outputs = outputs,
                                            .stride = gate ? padded16(outputs) : outputs,
                                            .finish = finish},
                          matrix);
      };
      multiply(layer.query, c_.hidden, qkv_length(), Finish::store);
      multiply(layer.output, queries_length(), c_.hidden, Finish::store);
      multiply(layer.gate, c_.hidden, c_.intermediate, Finish::gate);
      multiply(layer.down, c_.intermediate, c_.hidden, Finish::store);
    }
  }

 private:
  static constexpr const char* kWhat = "timing of products";
  static std::size_t room(int width) {
    return std::size_t{kMaxRows} * static_cast<std::size_t>(padded16(width));
  }
  int queries_length() const { return c_.heads * c_.head_dim; }
  int qkv_length() const { return (c_.heads + 2 * c_.kv_heads) * c_.head_dim; }

  const CudaWeights& weights_;
  const LlamaConfig& c_;
  DeviceBuffer<T> x_, gated_;
  DeviceBuffer<float> out_;
};

}  // namespace

int cublas_from(std::span<const ProductTimes> times) {
  int from = ModelProducts::kNever;
  for (auto at = times.rbegin(); at != times.rend() && at->cublas < at->ours; ++at) from = at->rows;
  return from;
}

std::vector<ProductTimes> time_products(const CudaWeights& weights, Stream& stream) {
  std::vector<ProductTimes> times;
  ModelProducts ours(stream, ModelProducts::kNever, kMaxRows, weights.config.intermediate);
  ModelProducts cublas(stream, 1, kMaxRows, weights.config.intermediate);
  with_number(weights.dtype, [&]<class T>(T) {
    const LayerProducts<T> products(weights, stream);
    const auto seconds = [&](const Graph& graph) {
      Event begin(Event::Use::timing), end(Event::Use::timing);
      begin.record(stream);
      graph.launch(stream);
      end.record(stream);
      end.wait();
      return end.seconds_since(begin);
    };
    for (const int rows : kRows) {
      std::vector<double> by[2];
      products.run(rows, cublas);  // loads its kernels, which a capture may not
      const Graph one(stream, [&] { products.run(rows, ours); }),
          other(stream, [&] { products.run(rows, cublas); });
      for (int repeat = 0; repeat <= kRepeats; ++repeat) {
        const double pair[] = {seconds(one), seconds(other)};
        if (repeat == 0) continue;  // warms up
        for (int way = 0; way < 2; ++way) by[way].push_back(pair[way]);
      }
      times.push_back({rows, quantile(by[0], 0.5), quantile(by[1], 0.5)});
    }
    stream.wait();
  });
  return times;
}

}  // namespace speclab
