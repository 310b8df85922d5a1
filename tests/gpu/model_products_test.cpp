// Products by cuBLAS within a model: from which rows on, what they give, and that nothing else changes.
#include "kernels/cuda/model_products.h"

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "core/models/checkpoint/float16.h"
#include "kernels/cuda/product_switch.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/reference.h"
#include "tests/gpu/small_models.h"
#include "tests/support/reference_transformer.h"

namespace speclab {
namespace {

constexpr int kNever = ModelProducts::kNever;

TEST(ProductSwitch, IsWhereCublasStaysFaster) {
  EXPECT_EQ(cublas_from(std::vector<ProductTimes>{{16, 1, 2}, {32, 2, 1}, {64, 3, 1}}), 32);
  EXPECT_EQ(cublas_from(std::vector<ProductTimes>{{16, 2, 1}, {32, 1, 2}, {64, 3, 1}}), 64);
  EXPECT_EQ(cublas_from(std::vector<ProductTimes>{{16, 2, 1}, {32, 2, 1}}), 16);
  EXPECT_EQ(cublas_from(std::vector<ProductTimes>{{16, 2, 1}, {32, 1, 1}}), kNever);
  EXPECT_EQ(cublas_from({}), kNever);
}

class ModelProductsOnDevice : public OnDevice {
 protected:
  LlamaConfig config_ = tiny_config("LlamaForCausalLM");
  std::vector<StoredTensor> tensors_ = random_tensors(config_, Dtype::bf16, 5);
};

TEST_F(ModelProductsOnDevice, are_timed_both_ways) {
  const LlamaConfig config = smallest_config("LlamaForCausalLM");
  Stream stream;
  const CudaWeights weights = random_cuda_weights(config, Dtype::f16, CudaPrecision::as_stored, 1, stream);
  const std::vector<ProductTimes> times = time_products(weights, stream);
  ASSERT_GE(times.size(), 2u);
  EXPECT_TRUE(std::ranges::is_sorted(times, {}, &ProductTimes::rows));
  EXPECT_GE(times.back().rows, PassPart::kMaxRows);
  for (const ProductTimes& time : times) {
    EXPECT_GT(time.ours, 0) << time.rows;
    EXPECT_GT(time.cublas, 0) << time.rows;
  }
}

// Tolerances as in cuda_transformer_test: the roundings are the same.
TEST_F(ModelProductsOnDevice, by_cublas_give_what_ours_give) {
  const ReferenceTransformer exact(config_, tensors_);
  const auto ours = cuda_model(config_, tensors_), cublas = cuda_model(config_, tensors_, {.cublas_from = 9});
  EXPECT_EQ(cublas->inner().cublas_from(), 9);
  for (const int length : {8, 9, 70}) {
    const std::vector<Token> text = some_text(length, config_.vocab);
    const std::vector<float> expected = last_row(*ours, text), found = last_row(*cublas, text);
    if (length < 9) {
      EXPECT_EQ(found, expected);
    }
    const std::vector<double> reference = exact.logits(text);
    const double largest =
        std::abs(*std::ranges::max_element(reference, {}, [](double x) { return std::abs(x); }));
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], reference[i], 3e-2 * largest) << length;
  }
}

#ifdef SPECLAB_CUDA_SHIM  // a device cannot be told to have none; there the kernels are compared
TEST_F(ModelProductsOnDevice, by_clusters_give_the_same_bits) {
  const std::vector<Token> text = some_text(9, config_.vocab);
  const std::vector<float> expected = last_row(*cuda_model(config_, tensors_), text);
  const ClustersOnDevice clusters;
  EXPECT_EQ(last_row(*cuda_model(config_, tensors_), text), expected);
}
#endif

// In a piece that is not the first.
TEST_F(ModelProductsOnDevice, name_the_first_row_that_is_not_finite) {
  constexpr int kRows = 100, kInputs = 16, kOutputs = 5, kFirst = 70;
  Stream stream;
  const auto weights = to_device(noise_rows<Bf16>(kOutputs, kInputs, kInputs, 1), stream);
  std::vector<Bf16> x = noise_rows<Bf16>(kRows, kInputs, kInputs, 2);
  for (const int row : {kFirst, kFirst + 20}) x[row * kInputs + 3] = {bf16_of(INFINITY)};
  const auto device_x = to_device(x, stream);
  const DeviceBuffer<float> out(kRows * kOutputs, "products");
  for (const int cublas_from : {kNever, 2}) {
    const auto flag = to_device(std::vector<std::int32_t>{kRows}, stream);
    ModelProducts products(stream, cublas_from, kRows, kOutputs);
    products.multiply(FewRowsProduct<Bf16>{.x = device_x.data(),
                                           .out = out.data(),
                                           .rows = kRows,
                                           .inputs = kInputs,
                                           .outputs = kOutputs,
                                           .stride = kOutputs,
                                           .not_finite = flag.data()},
                      DeviceMatrix{.data = weights.data()});
    EXPECT_EQ(to_host(flag, stream)[0], kFirst);
  }
}

TEST_F(ModelProductsOnDevice, with_int8_matrices_stay_ours) {
  const std::vector<Token> text = some_text(20, config_.vocab);
  const auto ours = cuda_model(config_, tensors_, {}, CudaPrecision::int8),
             cublas = cuda_model(config_, tensors_, {.cublas_from = 1}, CudaPrecision::int8);
  EXPECT_EQ(last_row(*cublas, text), last_row(*ours, text));
}

// All rows of a text, asked at once.
std::vector<float> all_rows(HostRows& model, const std::vector<Token>& text) {
  TokenTree chain(text[0]);
  std::vector<int> nodes;
  for (std::size_t i = 1; i < text.size(); ++i) nodes.push_back(chain.add(static_cast<int>(i) - 1, text[i]));
  model.open(SequenceId{1});
  const SequenceInput slice{
      .sequence = SequenceId{1}, .text = std::span(text).first(1), .tree = &chain, .nodes = nodes};
  const Rows rows = model.forward({&slice, 1}).logits;
  std::vector<float> all;
  for (int row = 0; row < rows.count; ++row)
    all.insert(all.end(), rows[row].f32().begin(), rows[row].f32().end());
  model.close(SequenceId{1});
  return all;
}

TEST_F(ModelProductsOnDevice, by_cublas_run_in_graphs) {
  const auto eager = cuda_model(config_, tensors_, {.graphs = false, .cublas_from = 2}),
             captured = cuda_model(config_, tensors_, {.cublas_from = 2});
  const std::vector<Token> text = some_text(24, config_.vocab);
  const std::vector<float> expected = all_rows(*eager, text);
  for (int time = 0; time < 3; ++time) EXPECT_EQ(all_rows(*captured, text), expected) << time;
  EXPECT_GE(captured->inner().graphs(), 1u);
}

TEST_F(ModelProductsOnDevice, by_cublas_report_logits_that_overflow) {
  let_logits_overflow(tensors_);
  const auto model = cuda_model(config_, tensors_, {.cublas_from = 2});
  EXPECT_THROW(all_rows(*model, {1, 2, 3}), ConfigError);
}

// 600 rows: two parts, the first of eight pieces, the last of one that is not full.
TEST_F(ModelProductsOnDevice, give_a_row_the_same_bits_in_passes_of_several_parts) {
  const LlamaConfig config = smallest_config("LlamaForCausalLM");
  const auto tensors = random_tensors(config, Dtype::bf16, 5);
  const auto model = cuda_model(config, tensors);
  std::vector<std::vector<Token>> texts;
  std::vector<SequenceInput> batch;
  for (int i = 0; i < 4; ++i) {
    std::vector<Token> text = some_text(150 + i, config.vocab);
    text.erase(text.begin(), text.begin() + i);
    texts.push_back(std::move(text));
  }
  for (int i = 0; i < 4; ++i) {
    model->open(SequenceId{i});
    batch.push_back({.sequence = SequenceId{i}, .text = texts[i]});
  }
  const Rows rows = model->forward(batch).logits;
  std::vector<std::vector<float>> together;
  for (int i = 0; i < 4; ++i) together.emplace_back(rows[i].f32().begin(), rows[i].f32().end());
  for (int i = 0; i < 4; ++i) {
    const auto alone = cuda_model(config, tensors);
    EXPECT_EQ(together[i], last_row(*alone, texts[i])) << i;
  }
}

}  // namespace
}  // namespace speclab
