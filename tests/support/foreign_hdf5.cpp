#include "tests/support/foreign_hdf5.h"

#include <hdf5.h>

namespace speclab {
namespace {

void write_dataset(hid_t file, const std::string& name, const ForeignHdf5::Shape& shape, hid_t type,
                   const void* values) {
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  const hid_t space = H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr);
  const hid_t set = H5Dcreate2(file, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(set);
  H5Sclose(space);
}

}  // namespace

ForeignHdf5::ForeignHdf5(const std::filesystem::path& path)
    : id_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}

ForeignHdf5::~ForeignHdf5() { H5Fclose(id_); }

void ForeignHdf5::write(const std::string& name, const Shape& shape, std::span<const std::int64_t> values) {
  write_dataset(id_, name, shape, H5T_NATIVE_INT64, values.data());
}

void ForeignHdf5::write(const std::string& name, const Shape& shape, std::span<const double> values) {
  write_dataset(id_, name, shape, H5T_NATIVE_DOUBLE, values.data());
}

void ForeignHdf5::write(const std::string& name, const Shape& shape, std::span<const float> values) {
  write_dataset(id_, name, shape, H5T_NATIVE_FLOAT, values.data());
}

}  // namespace speclab
