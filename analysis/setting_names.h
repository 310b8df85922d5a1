#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace speclab {

// The settings that reports and figures know by name; all others they take as they come.
inline constexpr const char* kDrafterKind = "drafter.kind";
inline constexpr const char* kTopologyKind = "topology.kind";
inline constexpr const char* kTopologyLength = "topology.length";
inline constexpr const char* kTemperature = "sampling.temperature";

inline constexpr const char* kPriceKind = "price.kind";
inline constexpr const char* kCalibrated =
    "calibrated";  // a value of it: prices of the machine that was measured

inline constexpr const char* kAllLabels = "all";  // the label of all prompts of a point together

// Whether a report shows a setting by its name: not digests, and not what its header says in words
// (models, prices, clock) or its groups' titles.
inline bool shown_by_name(const std::string& name) {
  constexpr std::array<std::string_view, 6> kHidden{"target.", "draft.",  "price.",
                                                    "clock.",  "record.", "workload.prompts"};
  const auto hides = [&](std::string_view prefix) { return name.starts_with(prefix); };
  return std::ranges::none_of(kHidden, hides);
}

}  // namespace speclab
