#pragma once

#include "kernels/cuda/cuda_weights.h"
#include "kernels/cuda/model_products.h"
#include "kernels/cuda/page_pool.h"
#include "kernels/cuda/pass_part.h"

namespace speclab {

// ConfigError where a head's size is one that the kernels are not made for.
void check_head_dim(const LlamaConfig& config);

// Decoder layers over the residual rows of one part of a pass, and the memory that they work in.
template <class T>
class CudaLayers {
 public:
  // `widest_input`: of the rows that queries, keys and values read; `most_rows`: of a part. `pool` and
  // `products` outlive this.
  CudaLayers(const LlamaConfig& config, int widest_input, int max_rows, const PagePool& pool,
             ModelProducts& products, Stream& stream);

  // Makes room for passes of so many partial results of attention and so many positions.
  void fit(int partials, int positions);
  // How often memory that passes read or write went elsewhere.
  int moves() const { return part_sums_.moves() + part_statistics_.moves() + turns_.moves(); }

  float* residual() const { return residual_.data(); }  // (most_rows, hidden)
  T* input() const { return input_.data(); }            // (most_rows, padded16(width))

  // input = the residual rows, normed by `weight` (null: only rounded); `at`: of which rows, null: of all.
  void norm(const float* weight, const int* at, int rows, float* exact);
  // Fills the caches. `input` holds what queries, keys and values read, of this width.
  void run(const PassPart& part, const CudaWeights::Layer& layer, int index, int input_width);

 private:
  std::size_t room(int width) const { return max_rows_ * static_cast<std::size_t>(width); }
  void attend(const PassPart& part, const CudaWeights::Layer& layer, int index);
  // input to residual += matrix of it, and its bias where there is one.
  void add_product(const T* x, int inputs, const DeviceMatrix& matrix, const float* bias, int rows);
  void activate(const CudaWeights::Layer& layer, int rows);

  LlamaConfig c_;
  const PagePool& pool_;
  ModelProducts& products_;
  Stream& stream_;
  std::size_t max_rows_;
  int queries_length_, qkv_length_;
  DeviceBuffer<float> residual_;
  DeviceBuffer<float> qkv_;  // (most_rows, qkv_length)
  DeviceBuffer<T> input_;
  DeviceBuffer<T> queries_;          // (most_rows, heads, padded8(head_dim))
  DeviceBuffer<T> attended_;         // (most_rows, padded16(heads head_dim))
  DeviceBuffer<T> activated_;        // (most_rows, padded16(intermediate))
  DeviceBuffer<float> gate_and_up_;  // (most_rows, 2 intermediate), where these have biases
  DeviceBuffer<double> frequencies_;
  std::size_t partials_ = 0;
  int positions_ = 0;
  DeviceBuffer<float> part_sums_;        // (partials, heads, padded8(head_dim))
  DeviceBuffer<float> part_statistics_;  // (partials, heads, 2)
  DeviceBuffer<float> turns_;            // (positions, head_dim)
};

}  // namespace speclab
