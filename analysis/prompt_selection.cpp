#include "analysis/prompt_selection.h"

#include <algorithm>
#include <map>

namespace speclab {

PromptSelection::PromptSelection(const LoadedPoint& point, std::string_view label) : point_(&point) {
  const int baselines = point.repeats(Role::baseline), methods = point.repeats(Role::method);
  baseline_ = baselines > 0;
  repeats_ = baseline_ ? std::min(baselines, methods) : methods;
  std::map<int, int> finished;  // prompt -> runs
  for (const SequenceRecord& sequence : point.sequences) {
    if (sequence.repeat >= repeats_) continue;
    if (label.empty() || label_of(sequence) == label) ++finished[sequence.sequence];
  }
  const int runs = repeats_ * (baseline_ ? 2 : 1);
  for (const auto& [prompt, times] : finished) {
    if (times == runs) prompts_.push_back(prompt);
  }
}

int PromptSelection::positions() const {
  std::size_t max = 1;
  for (const int prompt : prompts_) {
    const RunTotals& run = *point_->run(Role::method, 0);
    max = std::max(max, run.prompts()[prompt].by_accepted.size());
  }
  return static_cast<int>(max) - 1;
}

std::vector<std::string> labels(const LoadedPoint& point) {
  std::map<int, std::string> by_prompt;
  for (const SequenceRecord& sequence : point.sequences) by_prompt[sequence.sequence] = label_of(sequence);
  std::vector<std::string> found;
  for (const auto& [prompt, label] : by_prompt) {
    if (std::ranges::find(found, label) == found.end()) found.push_back(label);
  }
  return found;
}

}  // namespace speclab
