#include "kernels/cuda/cuda_transformer.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/errors.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"
#include "tests/support/model_conformance.h"
#include "tests/support/reference_transformer.h"

namespace speclab {
namespace {

struct Case {
  std::string architecture;
  Dtype dtype;
};
void PrintTo(const Case& of, std::ostream* out) { *out << of.architecture << ' ' << name_of(of.dtype); }

class CudaTransformerOnDevice : public OnDevice, public testing::WithParamInterface<Case> {};

TEST_P(CudaTransformerOnDevice, keeps_the_contract) {
  const LlamaConfig config = smallest_config(GetParam().architecture);
  const auto tensors = random_tensors(config, GetParam().dtype, 3);
  check_model_conformance([&] { return cuda_model(config, tensors); }, config.max_positions,
                          config.sliding_window);
}

INSTANTIATE_TEST_SUITE_P(
    All, CudaTransformerOnDevice,
    testing::Values(Case{"LlamaForCausalLM", Dtype::bf16}, Case{"MistralForCausalLM", Dtype::f16},
                    Case{"Qwen2ForCausalLM", Dtype::f32}, Case{"Qwen3ForCausalLM", Dtype::bf16}),
    [](const auto& param) { return param.param.architecture + name_of(param.param.dtype); });

}  // namespace
}  // namespace speclab
