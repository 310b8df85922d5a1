#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace speclab {

// An HDF5 file of plain datasets, as another program (h5py) writes it.
class ForeignHdf5 {
 public:
  using Shape = std::vector<std::size_t>;

  explicit ForeignHdf5(const std::filesystem::path& path);
  ForeignHdf5(const ForeignHdf5&) = delete;
  ForeignHdf5& operator=(const ForeignHdf5&) = delete;
  ~ForeignHdf5();

  void write(const std::string& name, const Shape& shape, std::span<const std::int64_t> values);
  void write(const std::string& name, const Shape& shape, std::span<const double> values);
  void write(const std::string& name, const Shape& shape, std::span<const float> values);

 private:
  std::int64_t id_;  // hid_t
};

}  // namespace speclab
