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

ForeignHdf5 ForeignHdf5::edit(const std::filesystem::path& path) {
  return {H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), 0};
}

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

void ForeignHdf5::forget(const std::string& name) {
  if (H5Lexists(id_, name.c_str(), H5P_DEFAULT) > 0) H5Ldelete(id_, name.c_str(), H5P_DEFAULT);
}

void ForeignHdf5::attribute(const std::string& object, const std::string& name,
                            const std::vector<std::int64_t>& array) {
  H5Adelete_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT);
  const hsize_t size = array.size();
  const hid_t space = H5Screate_simple(1, &size, nullptr);
  const hid_t made = H5Acreate_by_name(id_, object.c_str(), name.c_str(), H5T_NATIVE_INT64, space,
                                       H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(made, H5T_NATIVE_INT64, array.data());
  H5Aclose(made);
  H5Sclose(space);
}

void ForeignHdf5::attribute(const std::string& object, const std::string& name, const std::string& text) {
  H5Adelete_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT);
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t made = H5Acreate_by_name(id_, object.c_str(), name.c_str(), type, space, H5P_DEFAULT,
                                       H5P_DEFAULT, H5P_DEFAULT);
  const char* cell = text.c_str();
  H5Awrite(made, type, &cell);
  H5Aclose(made);
  H5Sclose(space);
  H5Tclose(type);
}

void ForeignHdf5::without_storage(const std::string& name, std::size_t rows) {
  forget(name);
  const hsize_t extent = rows, chunk = 1024;
  const hid_t space = H5Screate_simple(1, &extent, nullptr);
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(layout, 1, &chunk);
  H5Pset_deflate(layout, 4);
  H5Dclose(H5Dcreate2(id_, name.c_str(), H5T_NATIVE_INT64, space, H5P_DEFAULT, layout, H5P_DEFAULT));
  H5Pclose(layout);
  H5Sclose(space);
}

void ForeignHdf5::in_another_file(const std::string& name, const std::filesystem::path& file,
                                  std::size_t rows) {
  forget(name);
  const hsize_t extent = rows;
  const hid_t space = H5Screate_simple(1, &extent, nullptr);
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(layout, file.c_str(), 0, extent * sizeof(std::int64_t));
  H5Dclose(H5Dcreate2(id_, name.c_str(), H5T_NATIVE_INT64, space, H5P_DEFAULT, layout, H5P_DEFAULT));
  H5Pclose(layout);
  H5Sclose(space);
}

void ForeignHdf5::of_another_file(const std::string& name, const std::filesystem::path& file,
                                  std::size_t rows) {
  forget(name);
  const hsize_t extent = rows;
  const hid_t space = H5Screate_simple(1, &extent, nullptr);
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_virtual(layout, space, file.c_str(), name.c_str(), space);
  H5Dclose(H5Dcreate2(id_, name.c_str(), H5T_NATIVE_INT64, space, H5P_DEFAULT, layout, H5P_DEFAULT));
  H5Pclose(layout);
  H5Sclose(space);
}

void ForeignHdf5::filtered(const std::string& name, int filter, std::span<const std::int64_t> values) {
  forget(name);
  const hsize_t extent = values.size();
  const hid_t space = H5Screate_simple(1, &extent, nullptr);
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(layout, 1, &extent);
  if (filter == H5Z_FILTER_SCALEOFFSET) {
    H5Pset_scaleoffset(layout, H5Z_SO_INT, H5Z_SO_INT_MINBITS_DEFAULT);
  } else {  // one that is not there: the values are stored as they are
    H5Pset_filter(layout, filter, H5Z_FLAG_OPTIONAL, 0, nullptr);
  }
  const hid_t set = H5Dcreate2(id_, name.c_str(), H5T_NATIVE_INT64, space, H5P_DEFAULT, layout, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Dclose(set);
  H5Pclose(layout);
  H5Sclose(space);
}

void ForeignHdf5::soft_link(const std::string& name, const std::string& to) {
  forget(name);
  H5Lcreate_soft(to.c_str(), id_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
}

void ForeignHdf5::external_link(const std::string& name, const std::filesystem::path& file,
                                const std::string& object) {
  forget(name);
  H5Lcreate_external(file.c_str(), object.c_str(), id_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
}

}  // namespace speclab
