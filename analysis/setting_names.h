#pragma once

// The settings that reports and figures know by name; all others they take as they come.
namespace speclab {

inline constexpr const char* kDrafterKind = "drafter.kind";
inline constexpr const char* kTopologyKind = "topology.kind";
inline constexpr const char* kTopologyLength = "topology.length";
inline constexpr const char* kTemperature = "sampling.temperature";

inline constexpr const char* kAllLabels = "all";  // the label of all prompts of a point together

}  // namespace speclab
