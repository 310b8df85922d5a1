#include "core/cost/stated_error.h"

namespace speclab {

std::string stated_error(const Device& device, const ModelShape& target) {
  std::string text = device.efficiency.error;
  if (target.mixture()) {
    text +=
        "; mixtures of experts were off by 8 to 19 % with gpt-fast and llama.cpp, and priced 35 to 50 % too "
        "low (at "
        "most 73 %) beside vLLM, SGLang and TensorRT-LLM, which served up to 128 sequences on H100 and H200";
  }
  return text;
}

}  // namespace speclab
