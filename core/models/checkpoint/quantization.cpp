#include "core/models/checkpoint/quantization.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/errors.h"

namespace speclab {
namespace {

struct Kind {
  std::string_view method;  // as transformers spells it
  const char* name;
};

constexpr Kind kKinds[] = {
    {"gptq", "GPTQ: matrices of 2 to 8 bits in groups"},
    {"awq", "AWQ: matrices of 4 bits in groups"},
    {"bitsandbytes", "bitsandbytes: matrices of 4 or 8 bits"},
    {"fp8", "FP8: matrices of 8 bits in blocks with scales"},
    {"fbgemm_fp8", "FP8 of FBGEMM: matrices of 8 bits with scales"},
    {"compressed-tensors", "compressed-tensors: integers or FP8 with scales, or sparse matrices"},
    {"modelopt", "ModelOpt: FP8 or FP4 with scales"},
    {"torchao", "torchao: tensors of its own types"},
    {"mxfp4", "MXFP4: matrices of 4 bits in blocks with scales"},
    {"auto-round", "AutoRound: matrices of 2 to 8 bits in groups"},
    {"hqq", "HQQ: matrices of 1 to 8 bits in groups"},
    {"bitnet", "BitNet: matrices of three values"},
};

}  // namespace

void refuse_quantized(const nlohmann::json& config, const std::string& place) {
  if (!config.contains("quantization_config") || config["quantization_config"].is_null()) return;
  const nlohmann::json& given = config["quantization_config"];
  std::string method;
  if (given.is_object() && given.contains("quant_method") && given["quant_method"].is_string())
    method = given["quant_method"].get<std::string>();
  // bitsandbytes of before transformers 4.34 does not name itself.
  if (method.empty() && given.is_object() &&
      (given.contains("load_in_8bit") || given.contains("load_in_4bit"))) {
    method = "bitsandbytes";
  }
  std::string what = method.empty() ? "of a kind that it does not name" : fmt::format("'{}'", method);
  for (const Kind& kind : kKinds) {
    if (kind.method == method) what = kind.name;
  }
  throw ConfigError(
      fmt::format("{}: 'quantization_config': the weights are quantized ({}), which cannot be read; take the "
                  "model as it was before, in F32, F16 or BF16. On a GPU, precision = \"int8\" stores "
                  "matrices in 8 bits when it is loaded",
                  place, what));
}

}  // namespace speclab
