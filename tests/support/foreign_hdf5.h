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

  explicit ForeignHdf5(const std::filesystem::path& path);  // a new file
  // A file that is there, to be changed.
  static ForeignHdf5 edit(const std::filesystem::path& path);
  ForeignHdf5(const ForeignHdf5&) = delete;
  ForeignHdf5& operator=(const ForeignHdf5&) = delete;
  ~ForeignHdf5();

  void write(const std::string& name, const Shape& shape, std::span<const std::int64_t> values);
  void write(const std::string& name, const Shape& shape, std::span<const double> values);
  void write(const std::string& name, const Shape& shape, std::span<const float> values);

  // What a crafted file may hold; each replaces what has the name.
  void attribute(const std::string& object, const std::string& name, const std::vector<std::int64_t>& array);
  void attribute(const std::string& object, const std::string& name, const std::string& text);
  void without_storage(const std::string& name, std::size_t rows);  // int64, compressed
  void in_another_file(const std::string& name, const std::filesystem::path& file, std::size_t rows);
  void of_another_file(const std::string& name, const std::filesystem::path& file,
                       std::size_t rows);  // virtual
  void filtered(const std::string& name, int filter, std::span<const std::int64_t> values);
  void soft_link(const std::string& name, const std::string& to);
  void external_link(const std::string& name, const std::filesystem::path& file, const std::string& object);

 private:
  ForeignHdf5(std::int64_t id, int) : id_(id) {}
  void forget(const std::string& name);

  std::int64_t id_;  // hid_t
};

}  // namespace speclab
