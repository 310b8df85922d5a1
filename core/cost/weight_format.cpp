#include "core/cost/weight_format.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "core/errors.h"
#include "core/settings/nearest_names.h"

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

const WeightFormat& weight_format(std::string_view name) {
  static const std::map<std::string_view, std::string_view> others{
      {"bfloat16", "bf16"},  {"float16", "fp16"},  {"f16", "fp16"},       {"half", "fp16"},
      {"float8", "fp8"},     {"fp8_e4m3", "fp8"},  {"w8a16", "int8"},     {"int8-w8a8", "w8a8"},
      {"int4", "int4-g128"}, {"awq", "int4-g128"}, {"gptq", "int4-g128"}, {"w4a16", "int4-g128"}};
  const auto other = others.find(name);
  const std::string_view wanted = other == others.end() ? name : other->second;
  std::vector<std::string> names;
  for (const WeightFormat& known : weight_formats()) {
    if (known.name == wanted) return known;
    names.push_back(known.name);
  }
  for (const auto& [alias, _] : others) names.emplace_back(alias);
  throw ConfigError(
      fmt::format("no weight format '{}'; there are: {}", name, nearest_names(name, names, names.size())));
}

ModelShape stored_as(ModelShape shape, std::string_view format) {
  shape.weights = weight_format(format);
  return shape;
}

double cache_bits(std::string_view format) {
  // llama.cpp's have a 16-bit scale for each 32 numbers.
  static const std::vector<std::pair<std::string, double>> formats{
      {"bf16", 16}, {"fp16", 16},  {"fp8", 8},  {"fp8_e4m3", 8}, {"fp8_e5m2", 8},
      {"int8", 8},  {"q8_0", 8.5}, {"int4", 4}, {"q4_0", 4.5}};
  std::vector<std::string> names;
  for (const auto& [name, bits] : formats) {
    if (name == format) return bits;
    names.push_back(name);
  }
  throw ConfigError(
      fmt::format("no cache format '{}'; there are: {}", format, nearest_names(format, names, names.size())));
}

}  // namespace speclab
