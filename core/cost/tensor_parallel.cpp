#include "core/cost/tensor_parallel.h"

#include <fmt/format.h>

namespace speclab {

std::string indivisible(const ModelShape& shape, int devices) {
  const bool attends = shape.heads > 1 || shape.head_dim > 1;  // heads of Medusa and Hydra do not
  const auto complaint = [&](int amount, const char* what) {
    return fmt::format("{} has {} {}, which {} devices cannot share evenly", shape.name, amount, what,
                       devices);
  };
  if (attends && shape.heads % devices != 0) return complaint(shape.heads, "attention heads");
  if (attends && shape.kv_heads % devices != 0 && devices % shape.kv_heads != 0)
    return complaint(shape.kv_heads, "key-value heads");
  const Experts& experts = shape.experts;
  if (shape.feed_forward % devices != 0)
    return complaint(shape.feed_forward, "columns in its feed-forward block");
  if (shape.mixture() && experts.width % devices != 0)
    return complaint(experts.width, "columns in an expert");
  if (shape.mixture() && experts.shared_width % devices != 0)
    return complaint(experts.shared_width, "columns in its shared expert");
  return "";
}

}  // namespace speclab
