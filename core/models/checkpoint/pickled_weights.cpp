#include "core/models/checkpoint/pickled_weights.h"

#include <algorithm>
#include <string_view>

namespace speclab {
namespace {

constexpr std::string_view kEnds[] = {".bin", ".pt", ".pth", ".ckpt"};
// As transformers, accelerate and peft call what they save besides.
constexpr std::string_view kOthers[] = {"training_args", "optimizer", "scheduler",    "rng_state",
                                        "random_states", "scaler",    "adapter_model"};

}  // namespace

std::vector<std::string> pickled_weights(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    const auto ends = [&](std::string_view end) { return name.ends_with(end); };
    const auto begins = [&](std::string_view start) { return name.starts_with(start); };
    if (std::ranges::any_of(kEnds, ends) && std::ranges::none_of(kOthers, begins))
      names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace speclab
