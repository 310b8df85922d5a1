#pragma once

#include <algorithm>

#include "kernels/cuda/row_probabilities.h"

namespace speclab {

// Device memory for rows of probabilities while they are judged.
class ProbabilitySpace {
 public:
  // Numbers that a row takes.
  static constexpr std::size_t of_row(int cols, bool nucleus) {
    return static_cast<std::size_t>(cols) + (nucleus ? 2 * candidates_per_row(cols) : 0);
  }
  // How many of so many rows have room at the same time; one at least, if there is one.
  static constexpr std::size_t rows_at_once(std::size_t rows, int cols, bool nucleus,
                                            std::size_t max_numbers) {
    return std::min(rows, std::max<std::size_t>(1, max_numbers / of_row(cols, nucleus)));
  }

  void require(std::size_t rows, std::size_t nucleus_rows, int cols) {
    cols_ = static_cast<std::size_t>(cols);
    rows_.require(rows * cols_, "the target's probabilities");
    nucleus_.require(nucleus_rows * candidates_per_row(cols), "candidates of nuclei");
  }
  double* row(std::size_t i) { return rows_.data() + i * cols_; }
  Candidate* nucleus() { return nucleus_.data(); }

 private:
  std::size_t cols_ = 0;
  DeviceBuffer<double> rows_;
  DeviceBuffer<Candidate> nucleus_;
};

}  // namespace speclab
