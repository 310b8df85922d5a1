#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "analysis/estimate.h"
#include "analysis/prompt_selection.h"

namespace speclab {

enum class Better : std::uint8_t { higher, lower, neither };

// A number that is derived from a point.
struct Metric {
  std::string_view name, unit;
  Better better = Better::neither;
  std::string_view formula;     // sums over the selected prompts, all repeats
  std::string_view convention;  // where others mean something else by the name
  bool by_position = false;     // a number per depth below the root, from 1
  std::optional<Estimate> (*value)(const PromptSelection& selection, int position) = nullptr;
};

std::span<const Metric> metrics();
const Metric& metric(std::string_view name);
std::optional<Estimate> evaluate(std::string_view name, const PromptSelection& selection, int position = 0);

}  // namespace speclab
