#pragma once

#include <vector>

#include "core/models/checkpoint/llama_config.h"

namespace speclab {

// Cosines and sines of rotary positions, computed in double [Su et al. 2021, arXiv:2104.09864].
class RopeTable {
 public:
  RopeTable(const RopeConfig& config, int head_dim);

  void extend(int positions);  // makes the table cover 0 .. positions - 1

  // In place: element i and i + head_dim / 2 turn by the i-th angle of the position, i < head_dim / 2.
  void rotate(float* head, int position) const;

 private:
  int half_;
  std::vector<double> frequencies_;     // (half)
  std::vector<float> cosines_, sines_;  // (positions, half)
};

// Radians per position, fastest first: (head_dim / 2). Llama 3's scaling keeps short wavelengths,
// divides long ones by `factor`, and interpolates between.
std::vector<double> rope_frequencies(const RopeConfig& config, int head_dim);

}  // namespace speclab
