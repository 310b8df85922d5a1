#include "core/results/hdf5_reader.h"

#include <fmt/format.h>

#include <limits>

namespace speclab {

Hdf5Error::Hdf5Error(std::filesystem::path file, std::string call, std::string reason)
    : std::runtime_error(fmt::format("{}: {} failed: {}", file.string(), call, reason)),
      file_(std::move(file)),
      call_(std::move(call)),
      reason_(std::move(reason)) {}

std::size_t Hdf5Reader::size(const std::string& dataset) const {
  const std::vector<std::size_t> extent = shape(dataset);
  if (extent.size() != 1) throw Hdf5Error(path(), "reading " + dataset, "it has not one dimension");
  return extent[0];
}

std::vector<std::int32_t> Hdf5Reader::read_ints(const std::string& dataset) const {
  using Limits = std::numeric_limits<std::int32_t>;
  constexpr std::size_t kBlock = 1 << 19;
  std::vector<std::int32_t> values;
  std::vector<std::int64_t> block;
  const std::size_t rows = size(dataset);
  for (std::size_t first = 0; first < rows; first += kBlock) {
    block.resize(std::min(kBlock, rows - first));
    read_rows(dataset, first, block.size(), std::span(block));
    for (const std::int64_t value : block) {
      if (value < Limits::min() || value > Limits::max())
        throw Hdf5Error(path(), "reading " + dataset, fmt::format("{} has more than 32 bits", value));
      values.push_back(static_cast<std::int32_t>(value));
    }
  }
  return values;
}

}  // namespace speclab
