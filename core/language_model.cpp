#include "core/language_model.h"

#include "core/errors.h"

namespace speclab {

void LanguageModel::tap(std::span<const int> layers) {
  if (!layers.empty()) throw ConfigError("this model has no layers whose residual stream could be read");
}

}  // namespace speclab
