#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "core/results/hdf5_reader.h"

namespace speclab {

// The rows of a dataset of one or two dimensions, one after the other, read in blocks.
template <class Number>
class TraceColumn {
 public:
  // Throws Hdf5Error unless the dataset has numbers of the kind and one or two dimensions.
  TraceColumn(const Hdf5Reader& file, std::string dataset) : file_(&file), dataset_(std::move(dataset)) {
    const std::vector<std::size_t> shape = file.shape(dataset_);
    rows_ = shape.at(0);
    width_ = shape.size() > 1 ? shape[1] : 1;
  }

  const std::string& dataset() const { return dataset_; }
  std::size_t rows() const { return rows_; }
  std::size_t width() const { return width_; }
  std::size_t left() const { return rows_ - taken_; }

  // (width), valid until the next call; there must be rows left.
  std::span<const Number> next() {
    if (taken_ == first_ + loaded_) {
      first_ = taken_;
      loaded_ = std::min(rows_ - taken_, std::max<std::size_t>(1, kBlock / std::max<std::size_t>(1, width_)));
      block_.resize(loaded_ * width_);
      file_->read_rows(dataset_, first_, loaded_, std::span<Number>(block_));
    }
    return std::span<const Number>(block_).subspan((taken_++ - first_) * width_, width_);
  }

 private:
  static constexpr std::size_t kBlock = 1 << 19;  // numbers: 4 MB

  const Hdf5Reader* file_;
  std::string dataset_;
  std::size_t rows_ = 0, width_ = 1, taken_ = 0, first_ = 0, loaded_ = 0;
  std::vector<Number> block_;
};

}  // namespace speclab
