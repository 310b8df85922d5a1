#include "core/stated_error.h"

namespace speclab {

std::string stated_error(const Device& device, const ModelShape& target) {
  std::string text = device.efficiency.error;
  if (target.mixture()) text += "; mixtures of experts were off by 8 to 19 %";
  return text;
}

}  // namespace speclab
