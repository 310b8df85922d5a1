#include "kernels/cuda/cuda_weights.h"

#include "core/models/checkpoint/float16.h"
#include "kernels/cuda/number_conversion.h"
#include "kernels/cuda/weight_staging.h"
#include "kernels/cuda/weight_values.h"
#include "kernels/cuda/weight_writer.h"
#include "kernels/cuda/with_number.h"
#include "kernels/llama/random_values.h"
#include "kernels/llama/tensor_source.h"

namespace speclab {
namespace {

// Parts of a checkpoint, each sent while its pages are still warm from the checks.
struct StoredTaker {
  TensorTaker tensors;
  WeightStaging staging;
  WeightWriter& writer;

  DeviceMatrix table(const std::string& name, int vocab, int hidden) {
    const Tensor tensor = tensors.matrix(name, vocab, hidden);
    writer.set_dtype(device_dtype(tensor.dtype));
    return writer.table(vocab, hidden, rows_of(tensor));
  }
  DeviceMatrix tied(const DeviceMatrix& table, int vocab, int hidden) {
    return writer.tied(table, vocab, hidden);
  }
  DeviceMatrix matrix(const std::string& name, int outputs, int inputs) {
    return writer.matrix(outputs, inputs, rows_of(tensors.matrix(name, outputs, inputs)));
  }
  const float* vector(const std::string& name, int length) {
    return writer.vector(tensors.vector(name, length));
  }

  WeightWriter::Rows rows_of(Tensor tensor) {
    return [this, tensor](int begin, int end, void* to) { staging.send(tensor, begin, end, to); };
  }
};

struct RandomTaker {
  WeightWriter& writer;
  Dtype dtype;
  std::uint64_t key;
  Stream& stream;
  std::uint64_t number = 0;

  DeviceMatrix table(const std::string&, int vocab, int hidden) {
    return writer.table(vocab, hidden, rows_of(vocab, hidden));
  }
  DeviceMatrix tied(const DeviceMatrix& table, int vocab, int hidden) {
    return writer.tied(table, vocab, hidden);
  }
  DeviceMatrix matrix(const std::string&, int outputs, int inputs) {
    return writer.matrix(outputs, inputs, rows_of(outputs, inputs));
  }
  const float* vector(const std::string&, int length) {
    std::vector<float> values(static_cast<std::size_t>(length));
    for (float& value : values) {
      value = 1 + random_value(key, number++) * kNormScale;
      with_number(dtype, [&]<class T>(T) { value = to_float(number_of<T>(value)); });
    }
    return writer.vector(values);
  }

  WeightWriter::Rows rows_of(int outputs, int inputs) {
    const std::uint64_t first = number, width = static_cast<std::uint64_t>(inputs);
    number += static_cast<std::uint64_t>(outputs) * width;
    return [=, this](int begin, int end, void* to) {
      const std::uint64_t from = first + static_cast<std::uint64_t>(begin) * width;
      const float scale = matrix_scale(inputs);
      with_number(dtype, [&]<class T>(T) {
        fill_random<T>({static_cast<T*>(to), end - begin, inputs, key, from, scale}, stream);
      });
    };
  }
};

}  // namespace

double CudaWeights::streamed_bytes() const {
  const auto matrix = [&](double outputs, double inputs) {
    return precision == CudaPrecision::int8 ? outputs * (inputs + 4) : 2 * outputs * inputs;
  };
  const LlamaConfig& c = config;
  const double queries = static_cast<double>(c.heads) * c.head_dim,
               keys = static_cast<double>(c.kv_heads) * c.head_dim;
  const double layer = matrix(queries + 2 * keys, c.hidden) + matrix(c.hidden, queries) +
                       matrix(2.0 * c.intermediate, c.hidden) + matrix(c.hidden, c.intermediate);
  return c.layers * layer + matrix(c.vocab, c.hidden);
}

CudaWeights load_cuda_weights(const std::filesystem::path& directory, CudaPrecision precision, Stream& stream,
                              int vocab) {
  const Checkpoint checkpoint(directory, vocab);
  CudaWeights weights;
  take_from(checkpoint, [&](const TensorSource& source) {
    WeightWriter writer(checkpoint.config(), precision, stream);
    StoredTaker take{TensorTaker(source), WeightStaging(stream), writer};
    auto parts = take_parts<DeviceMatrix, const float*>(checkpoint.config(), take);
    const Dtype dtype = device_dtype(take.tensors.dtype());
    weights = {std::move(parts), checkpoint.config(), dtype, precision, writer.finish()};
  });
  return weights;
}

CudaWeights random_cuda_weights(const LlamaConfig& config, Dtype dtype, CudaPrecision precision,
                                std::uint64_t seed, Stream& stream) {
  WeightWriter writer(config, precision, stream);
  writer.set_dtype(dtype);
  RandomTaker take{writer, dtype, random_key(seed), stream};
  auto parts = take_parts<DeviceMatrix, const float*>(config, take);
  return {std::move(parts), config, dtype, precision, writer.finish()};
}

}  // namespace speclab
