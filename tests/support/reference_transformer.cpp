#include "tests/support/reference_transformer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/models/checkpoint/float16.h"

namespace speclab {

ReferenceTransformer::ReferenceTransformer(const LlamaConfig& config,
                                           const std::vector<StoredTensor>& tensors, Activations activations)
    : config_(config), activations_(activations) {
  for (const StoredTensor& tensor : tensors) {
    const std::vector<float> values = tensor.view().floats();
    tensors_[tensor.name] = Vector(values.begin(), values.end());
  }
}

std::vector<double> ReferenceTransformer::product(const std::string& name, Vector x) const {
  const Vector& matrix = tensor(name + ".weight");
  if (activations_ == Activations::rounded_to_bf16) {
    for (double& value : x) value = float_of_bf16(bf16_of(static_cast<float>(value)));
  }
  Vector y(matrix.size() / x.size());
  for (std::size_t j = 0; j < y.size(); ++j) {
    for (std::size_t k = 0; k < x.size(); ++k) y[j] += matrix[j * x.size() + k] * x[k];
  }
  if (const auto bias = tensors_.find(name + ".bias"); bias != tensors_.end()) {
    for (std::size_t j = 0; j < y.size(); ++j) y[j] += bias->second[j];
  }
  return y;
}

std::vector<double> ReferenceTransformer::norm(const Vector& x, const std::string& name) const {
  const Vector& weight = tensor(name + ".weight");
  double squares = 0;
  for (const double value : x) squares += value * value;
  const double factor = 1 / std::sqrt(squares / static_cast<double>(x.size()) + config_.rms_epsilon);
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * factor * weight[i];
  return y;
}

// The published formulas: transformers' `_compute_linear_scaling_rope_parameters` and
// `_compute_llama3_parameters`.
void ReferenceTransformer::rotate(double* head, int position) const {
  const RopeConfig& rope = config_.rope;
  const int half = config_.head_dim / 2;
  for (int i = 0; i < half; ++i) {
    double frequency = 1 / std::pow(rope.theta, 2.0 * i / config_.head_dim);
    if (rope.scaling == RopeConfig::Scaling::linear) frequency /= rope.factor;
    if (rope.scaling == RopeConfig::Scaling::llama3) {
      const double wavelength = 2 * std::numbers::pi / frequency;
      const double low = rope.original_max_positions / rope.low_freq_factor;
      const double high = rope.original_max_positions / rope.high_freq_factor;
      if (wavelength > low) {
        frequency /= rope.factor;
      } else if (wavelength >= high) {
        const double smooth = (rope.original_max_positions / wavelength - rope.low_freq_factor) /
                              (rope.high_freq_factor - rope.low_freq_factor);
        frequency = (1 - smooth) * frequency / rope.factor + smooth * frequency;
      }
    }
    const double angle = position * frequency, a = head[i], b = head[i + half];
    head[i] = a * std::cos(angle) - b * std::sin(angle);
    head[i + half] = b * std::cos(angle) + a * std::sin(angle);
  }
}

void ReferenceTransformer::decode(std::vector<Vector>& x, const std::vector<Vector>& in,
                                  const std::string& prefix, int window) const {
  const std::size_t length = x.size(), d = static_cast<std::size_t>(config_.head_dim);
  const std::size_t hidden = static_cast<std::size_t>(config_.hidden);
  const std::size_t heads = static_cast<std::size_t>(config_.heads),
                    kv_heads = static_cast<std::size_t>(config_.kv_heads);
  std::vector<Vector> q, k, v;
  for (std::size_t p = 0; p < length; ++p) {
    q.push_back(product(prefix + "self_attn.q_proj", in[p]));
    k.push_back(product(prefix + "self_attn.k_proj", in[p]));
    v.push_back(product(prefix + "self_attn.v_proj", in[p]));
    const auto finish = [&](Vector& all, const char* name) {
      for (std::size_t at = 0; at < all.size(); at += d) {
        if (config_.qk_norm) {
          const Vector head(all.begin() + static_cast<std::ptrdiff_t>(at),
                            all.begin() + static_cast<std::ptrdiff_t>(at + d));
          std::ranges::copy(norm(head, prefix + name), all.begin() + static_cast<std::ptrdiff_t>(at));
        }
        rotate(all.data() + at, static_cast<int>(p));
      }
    };
    finish(q.back(), "self_attn.q_norm");
    finish(k.back(), "self_attn.k_norm");
  }
  for (std::size_t p = 0; p < length; ++p) {
    const std::size_t seen = window > 0 ? static_cast<std::size_t>(window) : length;
    const std::size_t first = p + 1 > seen ? p + 1 - seen : 0;
    Vector mixed(heads * d);
    for (std::size_t h = 0; h < heads; ++h) {
      const std::size_t from = h / (heads / kv_heads) * d;
      Vector weights;
      for (std::size_t s = first; s <= p; ++s) {
        double score = 0;
        for (std::size_t i = 0; i < d; ++i) score += q[p][h * d + i] * k[s][from + i];
        weights.push_back(score / std::sqrt(static_cast<double>(d)));
      }
      const double max = std::ranges::max(weights);
      double sum = 0;
      for (double& weight : weights) sum += weight = std::exp(weight - max);
      for (std::size_t s = first; s <= p; ++s) {
        for (std::size_t i = 0; i < d; ++i) mixed[h * d + i] += weights[s - first] / sum * v[s][from + i];
      }
    }
    const Vector out = product(prefix + "self_attn.o_proj", mixed);
    for (std::size_t i = 0; i < hidden; ++i) x[p][i] += out[i];
    const Vector normed = norm(x[p], prefix + "post_attention_layernorm");
    Vector gate = product(prefix + "mlp.gate_proj", normed);
    const Vector up = product(prefix + "mlp.up_proj", normed);
    for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
    const Vector down = product(prefix + "mlp.down_proj", gate);
    for (std::size_t i = 0; i < hidden; ++i) x[p][i] += down[i];
  }
}

std::vector<double> ReferenceTransformer::embedded(Token token, const std::string& table) const {
  const auto row = tensor(table + ".weight").begin() + static_cast<std::ptrdiff_t>(config_.hidden) * token;
  return {row, row + config_.hidden};
}

void ReferenceTransformer::run_layer(std::vector<Vector>& x, int layer) const {
  const std::string prefix = "model.layers." + std::to_string(layer) + ".";
  std::vector<Vector> in;
  for (const Vector& row : x) in.push_back(norm(row, prefix + "input_layernorm"));
  decode(x, in, prefix, config_.window_of(layer));
}

std::vector<double> ReferenceTransformer::logits(const std::vector<Token>& tokens) const {
  std::vector<Vector> x;
  for (const Token token : tokens) x.push_back(embedded(token));
  for (int layer = 0; layer < config_.layers; ++layer) run_layer(x, layer);
  return product(config_.tied ? "model.embed_tokens" : "lm_head", norm(x.back(), "model.norm"));
}

std::vector<std::vector<double>> ReferenceTransformer::residuals(const std::vector<Token>& tokens,
                                                                 const std::vector<int>& after) const {
  std::vector<Vector> x, joined(tokens.size());
  for (const Token token : tokens) x.push_back(embedded(token));
  for (int layer = 0; layer < config_.layers; ++layer) {
    run_layer(x, layer);
    for (const int wanted : after) {
      if (wanted != layer + 1) continue;
      for (std::size_t p = 0; p < x.size(); ++p) joined[p].insert(joined[p].end(), x[p].begin(), x[p].end());
    }
  }
  return joined;
}

}  // namespace speclab
