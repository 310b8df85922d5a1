#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analysis/estimate.h"
#include "analysis/point_file.h"

namespace speclab {

// The prompts of one point that metrics are taken over: all, or those of one label; only prompts
// that were finished in every run of the point.
class PromptSelection {
 public:
  explicit PromptSelection(const LoadedPoint& point, std::string_view label = {});  // empty: all

  const LoadedPoint& point() const { return *point_; }
  Grid grid() const { return {static_cast<int>(prompts_.size()), repeats_}; }
  const std::vector<int>& prompts() const { return prompts_; }
  int positions() const;  // the most nodes that the method ever accepted in a step
  bool has_baseline() const { return baseline_; }

  // One number per prompt and repeat.
  template <class Read>
  Cells cells(Role role, const Read& read) const {
    Cells values;
    for (const int prompt : prompts_) {
      for (int repeat = 0; repeat < repeats_; ++repeat) {
        const RunTotals& run = *point_->run(role, repeat);
        values.push_back(static_cast<double>(read(run.prompts()[prompt])));
      }
    }
    return values;
  }

 private:
  const LoadedPoint* point_;
  std::vector<int> prompts_;
  int repeats_ = 0;
  bool baseline_ = false;
};

// Labels of a point's prompts, each once, in the order of the prompts.
std::vector<std::string> labels(const LoadedPoint& point);

}  // namespace speclab
