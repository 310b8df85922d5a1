#include "kernels/cuda/cuda_weights.h"

#include <cmath>
#include <cstring>

#include "core/errors.h"
#include "core/models/checkpoint/llama_shape.h"
#include "kernels/cuda/number_conversion.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"
#include "tests/support/project_files.h"

namespace speclab {
namespace {

using Words = std::vector<std::uint16_t>;

// A matrix of 16-bit numbers without the zeros that fill its rows up, which are checked.
Words matrix_of(const DeviceMatrix& matrix, int outputs, int inputs, Stream& stream) {
  const std::size_t stride = static_cast<std::size_t>(padded8(inputs)),
                    width = static_cast<std::size_t>(inputs);
  Words stored(static_cast<std::size_t>(outputs) * stride), words;
  copy_bytes(stored.data(), matrix.data, stored.size() * 2, stream);
  stream.wait();
  for (std::size_t row = 0; row < static_cast<std::size_t>(outputs); ++row) {
    const auto begin = stored.begin() + static_cast<std::ptrdiff_t>(row * stride);
    words.insert(words.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
    for (std::size_t i = width; i < stride; ++i) EXPECT_EQ(stored[row * stride + i], 0);
  }
  return words;
}

Words words_at(const std::byte* data, std::size_t count) {
  Words words(count);
  std::memcpy(words.data(), data, 2 * count);
  return words;
}

std::vector<float> floats_of(const float* vector, int length, Stream& stream) {
  std::vector<float> values(static_cast<std::size_t>(length));
  copy_bytes(values.data(), vector, values.size() * sizeof(float), stream);
  stream.wait();
  return values;
}

void expect_equal(const CudaWeights& found, const LlamaWeights& expected, Stream& stream) {
  const LlamaConfig& c = expected.config;
  const int queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
  const auto same = [&](const DeviceMatrix& matrix, const std::byte* data, int outputs, int inputs) {
    EXPECT_EQ(matrix_of(matrix, outputs, inputs, stream),
              words_at(data, static_cast<std::size_t>(outputs) * static_cast<std::size_t>(inputs)));
  };
  ASSERT_EQ(found.layers.size(), expected.layers.size());
  same(found.embedding, expected.embedding, c.vocab, c.hidden);
  same(found.head, expected.head, c.vocab, c.hidden);
  for (std::size_t i = 0; i < found.layers.size(); ++i) {
    const auto& a = found.layers[i];
    const auto& b = expected.layers[i];
    // Query, key and value as one matrix; gate and up as another.
    Words qkv, gate_up;
    const auto append = [&](Words& to, const std::byte* data, int outputs) {
      const Words more =
          words_at(data, static_cast<std::size_t>(outputs) * static_cast<std::size_t>(c.hidden));
      to.insert(to.end(), more.begin(), more.end());
    };
    append(qkv, b.query, queries);
    append(qkv, b.key, keys);
    append(qkv, b.value, keys);
    append(gate_up, b.gate, c.intermediate);
    append(gate_up, b.up, c.intermediate);
    EXPECT_EQ(matrix_of(a.query, queries + 2 * keys, c.hidden, stream), qkv);
    EXPECT_EQ(matrix_of(a.gate, 2 * c.intermediate, c.hidden, stream), gate_up);
    same(a.output, b.output, c.hidden, queries);
    same(a.down, b.down, c.hidden, c.intermediate);
    EXPECT_EQ(floats_of(a.input_norm, c.hidden, stream), b.input_norm);
    EXPECT_EQ(floats_of(a.output_norm, c.hidden, stream), b.output_norm);
    if (c.qkv_bias) {
      std::vector<float> bias = b.query_bias;
      bias.insert(bias.end(), b.key_bias.begin(), b.key_bias.end());
      bias.insert(bias.end(), b.value_bias.begin(), b.value_bias.end());
      EXPECT_EQ(floats_of(a.query_bias, queries + 2 * keys, stream), bias);
    } else {
      EXPECT_EQ(a.query_bias, nullptr);
    }
    EXPECT_EQ(a.output_bias != nullptr, c.output_bias);
    if (c.output_bias) {
      EXPECT_EQ(floats_of(a.output_bias, c.hidden, stream), b.output_bias);
    }
    EXPECT_EQ(a.gate_bias != nullptr, c.mlp_bias);
    if (c.mlp_bias) {
      std::vector<float> bias = b.gate_bias;
      bias.insert(bias.end(), b.up_bias.begin(), b.up_bias.end());
      EXPECT_EQ(floats_of(a.gate_bias, 2 * c.intermediate, stream), bias);
      EXPECT_EQ(floats_of(a.down_bias, c.hidden, stream), b.down_bias);
    }
    if (c.qk_norm) {
      EXPECT_EQ(floats_of(a.query_norm, c.head_dim, stream), b.query_norm);
      EXPECT_EQ(floats_of(a.key_norm, c.head_dim, stream), b.key_norm);
    }
  }
  EXPECT_EQ(floats_of(found.final_norm, c.hidden, stream), expected.final_norm);
}

using CudaWeightsOnDevice = OnDevice;

TEST_F(CudaWeightsOnDevice, are_random_as_on_the_processor) {
  for (const LlamaConfig& config :
       {tiny_config("LlamaForCausalLM"), tiny_config("Qwen2ForCausalLM"), tiny_config("Qwen3ForCausalLM"),
        biased(tiny_config("LlamaForCausalLM"))}) {
    for (const Dtype dtype : {Dtype::bf16, Dtype::f16}) {
      in_every_order([&] {
        Stream stream;
        expect_equal(random_cuda_weights(config, dtype, CudaPrecision::as_stored, 9, stream),
                     random_weights(config, dtype, 9), stream);
      });
    }
  }
}

TEST_F(CudaWeightsOnDevice, are_those_of_the_checkpoint) {
  const std::filesystem::path root = project_files() / "tests/data/checkpoints";
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (!entry.is_directory()) continue;
    const LlamaWeights expected = load_weights(entry.path());
    if (expected.dtype == Dtype::f32) continue;
    ++seen;
    Stream stream;
    const CudaWeights found = load_cuda_weights(entry.path(), CudaPrecision::as_stored, stream);
    EXPECT_EQ(found.dtype, expected.dtype);
    expect_equal(found, expected, stream);
  }
  EXPECT_GE(seen, 2);
}

TEST_F(CudaWeightsOnDevice, become_bf16_from_f32) {
  const LlamaConfig config = tiny_config("LlamaForCausalLM");
  std::vector<StoredTensor> exact = random_tensors(config, Dtype::f32, 3), rounded = exact;
  for (StoredTensor& tensor : rounded) {
    if (tensor.shape.size() != 2) continue;
    const std::vector<float> values = tensor.view().floats();
    tensor.dtype = Dtype::bf16;
    tensor.bytes.resize(2 * values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint16_t bits = bf16_of(values[i]);
      std::memcpy(tensor.bytes.data() + 2 * i, &bits, 2);
    }
  }
  Stream stream;
  const CudaWeights found = loaded(config, exact, [&](const auto& directory) {
    return load_cuda_weights(directory, CudaPrecision::as_stored, stream);
  });
  EXPECT_EQ(found.dtype, Dtype::bf16);
  loaded(config, rounded, [&](const auto& directory) {
    expect_equal(found, load_weights(directory), stream);
    return 0;
  });
}

// A row's scale is its largest magnitude / 127, and each number the nearest multiple of it.
TEST_F(CudaWeightsOnDevice, become_int8_row_by_row) {
  LlamaConfig config = tiny_config("Qwen2ForCausalLM");  // whose head is its embedding
  for (const Dtype dtype : {Dtype::bf16, Dtype::f16}) {
    const LlamaWeights exact = random_weights(config, dtype, 4);
    in_every_order([&] {
      Stream stream;
      const CudaWeights found = random_cuda_weights(config, dtype, CudaPrecision::int8, 4, stream);
      EXPECT_EQ(matrix_of(found.embedding, config.vocab, config.hidden, stream),
                words_at(exact.embedding, static_cast<std::size_t>(config.vocab * config.hidden)));
      const auto check = [&](const DeviceMatrix& matrix, const std::byte* data, int outputs, int inputs) {
        const int stride = padded16(inputs);
        std::vector<std::int8_t> codes(static_cast<std::size_t>(outputs * stride));
        copy_bytes(codes.data(), matrix.data, codes.size(), stream);
        const std::vector<float> scales = floats_of(matrix.scales, outputs, stream);
        const Tensor tensor{dtype, {outputs, inputs}, data};
        for (int row = 0; row < outputs; ++row) {
          float max = 0;
          for (int i = 0; i < inputs; ++i) max = std::max(max, std::abs(tensor.at(row * inputs + i)));
          const float scale = scales[row];
          ASSERT_EQ(scale, max / 127.0f);
          for (int i = 0; i < stride; ++i) {
            const int code = codes[row * stride + i];
            const float value = i < inputs ? tensor.at(row * inputs + i) : 0;
            ASSERT_LE(std::abs(static_cast<float>(code) * scale - value), 0.5001f * scale)
                << row << ", " << i;
          }
        }
      };
      const auto& layer = found.layers[1];
      const auto& stored = exact.layers[1];
      const int queries = config.heads * config.head_dim, keys = config.kv_heads * config.head_dim;
      check(layer.query, stored.query, queries, config.hidden);
      check(layer.value, stored.value, keys, config.hidden);
      check(layer.down, stored.down, config.hidden, config.intermediate);
      check(found.head, exact.embedding, config.vocab, config.hidden);
      // The parts of a fused matrix follow one another, as do their scales.
      EXPECT_EQ(layer.key.scales, layer.query.scales + queries);
      EXPECT_EQ(layer.up.scales, layer.gate.scales + config.intermediate);
      EXPECT_EQ(
          static_cast<const std::int8_t*>(layer.up.data),
          static_cast<const std::int8_t*>(layer.gate.data) + config.intermediate * padded16(config.hidden));
    });
  }
}

template <class Body>
std::string refusal(const Body& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST_F(CudaWeightsOnDevice, refuse_in_the_words_of_the_processors_loader) {
  const LlamaConfig config = tiny_config("LlamaForCausalLM");
  const auto broken = [&](const auto& change) {
    std::vector<StoredTensor> tensors = random_tensors(config, Dtype::bf16, 3);
    change(tensors);
    loaded(config, tensors, [&](const auto& directory) {
      const std::string expected = refusal([&] { load_weights(directory); });
      Stream stream;
      EXPECT_NE(expected, "");
      EXPECT_EQ(refusal([&] { load_cuda_weights(directory, CudaPrecision::as_stored, stream); }), expected);
      return 0;
    });
  };
  broken([](auto& tensors) { tensors.pop_back(); });
  broken([](auto& tensors) { std::swap(tensors[2].shape[0], tensors[2].shape[1]); });
  broken([](auto& tensors) { tensors[3].dtype = Dtype::f16; });
  broken([](auto& tensors) { std::memset(tensors[4].bytes.data(), 0xFF, 2); });
}

#ifdef SPECLAB_CUDA_SHIM
TEST_F(CudaWeightsOnDevice, say_how_much_memory_they_lack) {
  cuda_shim::set_memory_bytes(4096);
  Stream stream;
  const std::string what = refusal([&] {
    random_cuda_weights(tiny_config("LlamaForCausalLM"), Dtype::bf16, CudaPrecision::as_stored, 1, stream);
  });
  EXPECT_NE(what.find("out of device memory: a model's weights needs 0.1 MiB"), std::string::npos) << what;
}
#endif

TEST_F(CudaWeightsOnDevice, follow_a_catalogued_shape) {
  ModelShape shape;
  shape.name = "small";
  shape.layers = 2;
  shape.hidden = 32;
  shape.heads = 4;
  shape.kv_heads = 2;
  shape.head_dim = 8;
  shape.feed_forward = 48;
  shape.vocab = 50;
  Stream stream;
  const CudaWeights weights =
      random_cuda_weights(llama_config_of(shape, 128), Dtype::bf16, CudaPrecision::as_stored, 1, stream);
  const double layer = (4 + 2 * 2) * 8 * 32 + 32 * 32 + 3 * 48 * 32;
  EXPECT_EQ(weights.streamed_bytes(), 2 * (2 * layer + 50 * 32));
  shape.feed_forward_matrices = 2;
  EXPECT_EQ(refusal([&] { llama_config_of(shape, 128); }),
            "shape 'small' has a feed-forward part without a gate, so it cannot be run with random weights; "
            "shapes of "
            "the Llama family can (speclab list shapes)");
}

}  // namespace
}  // namespace speclab
