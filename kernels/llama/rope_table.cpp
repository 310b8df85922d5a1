#include "kernels/llama/rope_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace speclab {

std::vector<double> rope_frequencies(const RopeConfig& config, int head_dim) {
  std::vector<double> frequencies(static_cast<std::size_t>(head_dim / 2));
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    double frequency = std::pow(config.theta, -2.0 * static_cast<double>(i) / head_dim);
    if (config.scaling == RopeConfig::Scaling::linear) frequency /= config.factor;
    if (config.scaling == RopeConfig::Scaling::llama3) {
      // Turns within the original context: few of them, and the frequency shrinks.
      const double turns = config.original_max_positions * frequency / (2 * std::numbers::pi);
      const double kept =
          (turns - config.low_freq_factor) / (config.high_freq_factor - config.low_freq_factor);
      if (kept <= 0) {
        frequency /= config.factor;
      } else if (kept < 1) {
        frequency = (1 - kept) * frequency / config.factor + kept * frequency;
      }
    }
    frequencies[i] = frequency;
  }
  return frequencies;
}

RopeTable::RopeTable(const RopeConfig& config, int head_dim)
    : half_(head_dim / 2), frequencies_(rope_frequencies(config, head_dim)) {}

void RopeTable::extend(int positions) {
  const std::size_t half = frequencies_.size();
  const std::size_t known = cosines_.size() / half;
  if (static_cast<std::size_t>(positions) <= known) return;
  const std::size_t wanted = std::max({static_cast<std::size_t>(positions), 2 * known, std::size_t{256}});
  for (std::size_t position = known; position < wanted; ++position) {
    for (const double frequency : frequencies_) {
      const double angle = static_cast<double>(position) * frequency;
      cosines_.push_back(static_cast<float>(std::cos(angle)));
      sines_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

void RopeTable::rotate(float* head, int position) const {
  const std::size_t row = static_cast<std::size_t>(position) * static_cast<std::size_t>(half_);
  const float* cosines = cosines_.data() + row;
  const float* sines = sines_.data() + row;
  for (int i = 0; i < half_; ++i) {
    const float a = head[i], b = head[i + half_];
    head[i] = a * cosines[i] - b * sines[i];
    head[i + half_] = b * cosines[i] + a * sines[i];
  }
}

}  // namespace speclab
