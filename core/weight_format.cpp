#include "core/weight_format.h"

#include <fmt/format.h>

#include <string>

#include "core/errors.h"
#include "core/nearest_names.h"

namespace speclab {

const std::vector<WeightFormat>& weight_formats() {
  using enum ProductFormat;
  // name, bits of attention, feed-forward and head weights, arithmetic
  static const std::vector<WeightFormat> formats{
      {"bf16", 16, 16, 16, fp16},
      {"fp16", 16, 16, 16, fp16},
      {"fp8", 8, 8, 16, fp8},                // vLLM, TensorRT-LLM: the head stays 16-bit
      {"fp8-head8", 8, 8, 8, fp16},          // calm: weight-only, the head too
      {"int8", 8, 8, 16, fp16},              // GPTQ, weight-only
      {"int8-head8", 8, 8, 8, fp16},         // gpt-fast: one scale per row, the head too
      {"w8a8", 8, 8, 16, int8},              // activations in int8 too
      {"int4-g128", 4.2, 4.2, 16, fp16},     // AWQ, GPTQ: 4 + (16 + 4..16)/128
      {"int4-g32", 5, 5, 5, fp16},           // gpt-fast: 4 + (16 + 16)/32, the head too
      {"gf4", 4, 4, 4, fp16},                // calm: eight weights in 32 bits
      {"mxfp4", 16, 4.25, 16, fp16},         // gpt-oss: 4 + 8/32, experts only
      {"mxfp4-q8_0", 8.5, 4.25, 8.5, fp16},  // llama.cpp: the same, and q8_0 for the rest
      {"q8_0", 8.5, 8.5, 8.5, fp16},         // llama.cpp: 8 + 16/32
      {"q4_0", 4.5, 4.5, 4.5, fp16},         // llama.cpp: 4 + 16/32; its head is in fact q6_K
      {"q4_k_m", 4.85, 4.85, 4.85, fp16},    // llama.cpp: mean over a 7B
  };
  return formats;
}

ModelShape stored_as(ModelShape shape, std::string_view format) {
  std::vector<std::string> names;
  for (const WeightFormat& known : weight_formats()) {
    if (known.name == format) {
      shape.weights = known;
      return shape;
    }
    names.push_back(known.name);
  }
  throw ConfigError(fmt::format("no weight format '{}'; there are: {}", format,
                                nearest_names(format, names, names.size())));
}

}  // namespace speclab
