#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/acceptance_rule.h"
#include "core/check.h"
#include "kernels/cuda/runtime.h"

namespace speclab {

struct CudaRuleOptions {
  std::shared_ptr<Stream> stream;  // in which the rows are made
  // So many numbers are worked on at a time, or those of one tree: 1 GiB.
  std::size_t max_numbers = std::size_t{1} << 27;
};

inline CudaRuleOptions checked(CudaRuleOptions options) {
  SPECLAB_CHECK(options.stream != nullptr, "what judges rows on a device was given no stream");
  return options;
}

// A rule on rows in device memory, the twin of one on the host. Tokens and paths come back, in one copy.
// Verdicts, and the decisions taken of the judge's source (which must be a CounterChance), are those of the
// host's rule to the last bit. `judge` throws ConfigError where a row that the verdict depends on has a NaN,
// or nothing above minus infinity.
class CudaRule : public AcceptanceRule {
 public:
  bool lossless(const Sampling& sampling) const override { return twin_->lossless(sampling); }
  RuleRequirements requirements() const override { return twin_->requirements(); }
  std::string judges_on() const override { return "device"; }

 protected:
  explicit CudaRule(std::unique_ptr<AcceptanceRule> twin) : twin_(std::move(twin)) {}

 private:
  std::unique_ptr<AcceptanceRule> twin_;
};

}  // namespace speclab
