#pragma once

#include <memory>

#include "core/acceptance_rule.h"
#include "kernels/cuda/cuda_rule.h"

namespace speclab {

// The rule on rows in device memory, with the same verdicts. One that has no kernels judges on the host, and
// rows are copied there.
std::unique_ptr<AcceptanceRule> cuda_rule(std::unique_ptr<AcceptanceRule> on_host,
                                          const CudaRuleOptions& options);

}  // namespace speclab
