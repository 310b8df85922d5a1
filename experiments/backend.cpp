#include "experiments/backend.h"

#include <fmt/format.h>

namespace speclab {

std::string random_name(const LlamaConfig& config, std::uint64_t seed) {
  return fmt::format("random {} {} {} {} {} {} {} {} {} {}", config.hidden, config.intermediate,
                     config.layers, config.heads, config.kv_heads, config.head_dim, config.vocab,
                     config.max_positions, config.tied ? "tied" : "untied", seed);
}

}  // namespace speclab
