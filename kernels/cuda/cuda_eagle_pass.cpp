#include "kernels/cuda/cuda_eagle_pass.h"

#include "kernels/cuda/cuda_layers.h"
#include "kernels/cuda/embedding.h"
#include "kernels/cuda/head_kernels.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/rms_norm.h"

namespace speclab {
namespace {

constexpr std::size_t kMax = CudaEaglePass::kMaxRows;
constexpr const char* kWork = "activations of an EAGLE head";

template <class T>
class CudaEaglePassOf : public CudaEaglePass {
 public:
  CudaEaglePassOf(const CudaEagleWeights& weights, const PagePool& pool, Stream& stream)
      : w_(weights),
        hidden_(w_.config.hidden),
        epsilon_(static_cast<float>(w_.config.rms_epsilon)),
        stream_(stream),
        products_(stream, ModelProducts::kNever, kMaxRows, w_.config.intermediate),
        layers_(w_.config, input_width(), kMaxRows, pool, products_, stream),
        fused_(room(padded16(w_.fuse.inputs)), kWork),
        fresh_(w_.third ? room(hidden_) : 0, kWork),
        embedded_(w_.third ? room(hidden_) : 0, kWork),
        normed_(w_.third ? room(input_width()) : 0, kWork),
        rounded_(room(padded16(hidden_)), kWork),
        scores_(w_.target_token ? room(w_.output.outputs) : 0, kWork) {}

  void fit(int partials, int positions) override { layers_.fit(partials, positions); }
  int moves() const override { return layers_.moves(); }
  const float* fused() const override { return fresh_.data(); }

  void run(const PassPart& part, const EagleRows& rows) override {
    const int count = part.size.rows;
    if (w_.third) {
      if (rows.any_fused) fuse(part, rows, fresh_.data());
      move_rows({.from = rows.states, .to_base = layers_.residual(), .rows = count, .width = hidden_},
                stream_);
      read_state(part);
    } else {
      fuse(part, rows, layers_.residual());
      layers_.norm(nullptr, nullptr, count, nullptr);
    }
    layers_.run(part, w_.layer, 0, input_width());
    for (float* const* to : {rows.made, rows.asked})
      move_rows({.from_base = layers_.residual(), .to = to, .rows = count, .width = hidden_}, stream_);
  }

  void give(const float* states, int rows, float* logits, std::int32_t* not_finite) override {
    with_number(w_.output.dtype, [&]<class O>(O) {
      rms_norm<O>({.x = states,
                   .weight = w_.final_norm,
                   .rounded = reinterpret_cast<O*>(rounded_.data()),
                   .rows = rows,
                   .hidden = hidden_,
                   .epsilon = epsilon_},
                  stream_);
    });
    float* out = w_.target_token ? scores_.data() : logits;
    multiply(w_.output, rounded_.data(), out, rows, stream_, not_finite);
    if (w_.output.bias) add_bias({out, w_.output.bias, rows, w_.output.outputs}, stream_);
    if (w_.target_token)
      spread_logits({out, w_.target_token, logits, rows, w_.output.outputs, w_.vocab}, stream_);
  }

 private:
  static std::size_t room(int width) { return kMax * static_cast<std::size_t>(width); }
  int input_width() const { return w_.third ? 2 * w_.config.hidden : w_.config.hidden; }

  // EAGLE-1 and 2: of (embedding, feature). EAGLE-3: of features alone.
  void fuse(const PassPart& part, const EagleRows& rows, float* out) {
    with_number(w_.table_dtype, [&]<class E>(E) {
      head_input<T, E>({.features = rows.features,
                        .tokens = part.tokens,
                        .table = static_cast<const E*>(w_.table),
                        .out = fused_.data(),
                        .rows = part.size.rows,
                        .width = w_.third ? w_.fuse.inputs : hidden_,
                        .hidden = hidden_,
                        .tokens_each = w_.third ? 0 : 1,
                        .token_stride = 1,
                        .embeddings_first = true},
                       stream_);
    });
    multiply(w_.fuse, fused_.data(), out, part.size.rows, stream_);
    if (w_.fuse.bias) add_bias({out, w_.fuse.bias, part.size.rows, hidden_}, stream_);
  }

  // EAGLE-3: queries, keys and values read (embedding, state), both normed.
  void read_state(const PassPart& part) {
    const int rows = part.size.rows;
    with_number(w_.table_dtype, [&]<class E>(E) {
      embed<E>({static_cast<const E*>(w_.table), part.tokens, embedded_.data(), rows, hidden_}, stream_);
    });
    const auto norm = [&](const float* x, const float* weight, float* to) {
      rms_norm<T>({.x = x,
                   .weight = weight,
                   .exact = to,
                   .rows = rows,
                   .hidden = hidden_,
                   .epsilon = epsilon_,
                   .exact_stride = 2 * hidden_},
                  stream_);
    };
    norm(embedded_.data(), w_.layer.input_norm, normed_.data());
    norm(layers_.residual(), w_.state_norm, normed_.data() + hidden_);
    rms_norm<T>({.x = normed_.data(), .rounded = layers_.input(), .rows = rows, .hidden = 2 * hidden_},
                stream_);
  }

  const CudaEagleWeights& w_;
  int hidden_;
  float epsilon_;
  Stream& stream_;
  ModelProducts products_;
  CudaLayers<T> layers_;
  DeviceBuffer<T> fused_;                          // (kMost, padded16(inputs of fc))
  DeviceBuffer<float> fresh_, embedded_, normed_;  // (kMost, hidden or twice that)
  DeviceBuffer<std::uint16_t> rounded_;            // (kMost, padded16(hidden))
  DeviceBuffer<float> scores_;                     // (kMost, draft vocab)
};

}  // namespace

CudaEagleWeights::CudaEagleWeights(const EagleWeights& from, const CudaTransformer& target)
    : config(from.config),
      third(from.third),
      table_dtype(target.weights().dtype),
      table(target.weights().embedding.data),
      vocab(from.vocab),
      pieces_(target.weights().precision, *target.stream()) {
  const CudaWeights& whole = target.weights();
  const int queries = config.heads * config.head_dim, keys = config.kv_heads * config.head_dim,
            inputs = (third ? 2 : 1) * config.hidden;
  const auto part = [&](const std::byte* data, int outputs, int of_inputs) {
    return Linear{from.dtype, data, outputs, of_inputs, {}};
  };
  fuse = pieces_.linear(from.fuse);
  const Linear read[] = {part(from.layer.query, queries, inputs), part(from.layer.key, keys, inputs),
                         part(from.layer.value, keys, inputs)};
  layer.query = pieces_.stacked(read).matrix;
  if (config.qkv_bias) {
    std::vector<float> biases = from.layer.query_bias;
    for (const std::vector<float>* more : {&from.layer.key_bias, &from.layer.value_bias})
      biases.insert(biases.end(), more->begin(), more->end());
    layer.query_bias = pieces_.vector(biases);
  }
  layer.output = pieces_.linear(part(from.layer.output, config.hidden, queries)).matrix;
  const Linear gated[] = {part(from.layer.gate, config.intermediate, config.hidden),
                          part(from.layer.up, config.intermediate, config.hidden)};
  layer.gate = pieces_.stacked(gated).matrix;
  layer.down = pieces_.linear(part(from.layer.down, config.hidden, config.intermediate)).matrix;
  layer.output_norm = pieces_.vector(from.layer.output_norm);
  if (third) {
    layer.input_norm = pieces_.vector(from.layer.input_norm);
    state_norm = pieces_.vector(from.state_norm);
    final_norm = pieces_.vector(from.final_norm);
  }
  output = from.output.weights ? pieces_.linear(from.output)
                               : DeviceLinear{whole.head, whole.dtype, vocab, config.hidden, nullptr};
  if (from.table) {
    const DeviceLinear own = pieces_.table({from.table_dtype, from.table, vocab, config.hidden, {}});
    table_dtype = own.dtype;
    table = own.matrix.data;
  }
  if (!from.target_token.empty()) {
    tokens_.require(from.target_token.size(), "tokens of an EAGLE head");
    copy(tokens_.data(), std::span<const std::int32_t>(from.target_token), *target.stream());
    target_token = tokens_.data();
  }
  pieces_.wait();
}

std::unique_ptr<CudaEaglePass> make_cuda_eagle_pass(const CudaEagleWeights& weights, const PagePool& pool,
                                                    Stream& stream) {
  check_head_dim(weights.config);
  std::unique_ptr<CudaEaglePass> pass;
  with_number(weights.fuse.dtype,
              [&]<class T>(T) { pass = std::make_unique<CudaEaglePassOf<T>>(weights, pool, stream); });
  return pass;
}

}  // namespace speclab
