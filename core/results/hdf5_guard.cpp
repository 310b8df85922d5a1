#include "core/results/hdf5_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace speclab::hdf5 {
namespace {

constexpr std::size_t kMaxDimensions = 2;
constexpr unsigned __int128 kMaxInflation = 1032;  // deflate cannot pack more into a byte

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& object,
                         const std::string& reason) {
  throw Hdf5Error(path, "reading " + object, reason);
}

std::vector<std::string> names_of(const std::string& object) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < object.size();) {
    const std::size_t end = std::min(object.find('/', begin), object.size());
    if (end > begin) names.push_back(object.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

// How many bytes may come out of one that is stored.
unsigned __int128 inflation(hid_t layout, const std::string& name, const std::filesystem::path& path) {
  int deflates = 0;
  const int filters = checked(H5Pget_nfilters(layout), path, "H5Pget_nfilters " + name);
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0, settings = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(layout, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &settings);
    if (filter == H5Z_FILTER_DEFLATE) {
      ++deflates;
    } else if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) {
      refuse(path, name,
             fmt::format("its data went through the filter {}; of all filters deflate (gzip), shuffle and "
                         "fletcher32 are read",
                         filter));
    }
  }
  if (deflates > 1) refuse(path, name, "it is compressed more than once");
  return deflates == 1 ? kMaxInflation : 1;
}

void require_storage(const OpenDataset& dataset, hid_t layout, hid_t file, const std::string& name,
                     const std::filesystem::path& path) {
  if (checked(H5Pget_external_count(layout), path, "H5Pget_external_count " + name) > 0)
    refuse(path, name, "its data lie in another file");
  const H5D_layout_t kind = H5Pget_layout(layout);
  if (kind != H5D_COMPACT && kind != H5D_CONTIGUOUS && kind != H5D_CHUNKED)
    refuse(path, name, "its layout is unknown");
  const unsigned __int128 max = inflation(layout, name, path);
  hsize_t whole = 0;
  checked(H5Fget_filesize(file, &whole), path, "H5Fget_filesize");
  const hsize_t stored = H5Dget_storage_size(dataset.id);
  if (stored > whole)
    refuse(path, name, fmt::format("it is to have {} bytes in a file of {}", stored, whole));
  const auto require = [&](unsigned __int128 elements, const char* what) {
    const unsigned __int128 declared = elements * H5Tget_size(dataset.type);
    if (declared <= max * stored) return;
    refuse(path, name,
           fmt::format("its {} {:.9g} bytes, but {} are stored, out of which at most {:.9g} can come", what,
                       static_cast<double>(declared), stored, static_cast<double>(max * stored)));
  };
  // Each dimension has less than 64 bits: two do not overflow 128.
  unsigned __int128 elements = 1;
  for (const std::size_t size : dataset.extent) elements *= size;
  if (elements >> 64 != 0) refuse(path, name, "its shape has more elements than can be counted");
  if (elements > 0) require(elements, "shape declares");
  if (elements == 0 || kind != H5D_CHUNKED) return;
  hsize_t chunk[kMaxDimensions] = {};
  const int dimensions = H5Pget_chunk(layout, kMaxDimensions, chunk);
  if (dimensions != static_cast<int>(dataset.extent.size()))
    refuse(path, name, "its chunks have another shape");
  unsigned __int128 piece = 1;
  for (int i = 0; i < dimensions; ++i) piece *= chunk[i];
  if (piece >> 64 != 0) refuse(path, name, "its chunks have more elements than can be counted");
  require(piece, "chunks have");
}

bool is_column(hid_t type, const Column& column) {
  const H5T_class_t kind = H5Tget_class(type);
  if (H5Tget_size(type) != cell_bytes(column)) return false;
  switch (column.type) {
    case CellType::text:
      return kind == H5T_STRING && H5Tis_variable_str(type) == 0;
    case CellType::f64:
      return kind == H5T_FLOAT;
    case CellType::u64:
      return kind == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_NONE;
    default:
      return kind == H5T_INTEGER && H5Tget_sign(type) != H5T_SGN_NONE;
  }
}

}  // namespace

bool has_object(hid_t file, const std::string& object, const std::filesystem::path& path) {
  const std::vector<std::string> names = names_of(object);
  std::string parent = "/";
  for (const std::string& name : names) {
    const Id group = open_object(file, parent, path);
    if (H5Iget_type(group) != H5I_GROUP) return false;
    if (checked(H5Lexists(group, name.c_str(), H5P_DEFAULT), path, "H5Lexists " + parent) == 0) return false;
    parent += (parent.back() == '/' ? "" : "/") + name;
  }
  return true;
}

Id open_object(hid_t file, const std::string& object, const std::filesystem::path& path) {
  Id here(checked(H5Oopen(file, "/", H5P_DEFAULT), path, "H5Oopen /"), H5Oclose);
  for (const std::string& name : names_of(object)) {
    H5L_info_t link;
    checked(H5Lget_info(here, name.c_str(), &link, H5P_DEFAULT), path, "H5Lget_info " + object);
    if (link.type != H5L_TYPE_HARD)
      refuse(path, object,
             fmt::format("'{}' is a link by name or to another file, and such are not followed", name));
    here = Id(checked(H5Oopen(here, name.c_str(), H5P_DEFAULT), path, "H5Oopen " + object), H5Oclose);
  }
  return here;
}

OpenDataset open_dataset(hid_t file, const std::string& name, const std::filesystem::path& path) {
  OpenDataset dataset{open_object(file, name, path), Id(-1, H5Tclose), {}};
  if (H5Iget_type(dataset.id) != H5I_DATASET) refuse(path, name, "it is no dataset");
  const Id layout(checked(H5Dget_create_plist(dataset.id), path, "H5Dget_create_plist " + name), H5Pclose);
  if (H5Pget_layout(layout) == H5D_VIRTUAL) refuse(path, name, "it is made of datasets of other files");
  dataset.type = Id(checked(H5Dget_type(dataset.id), path, "H5Dget_type " + name), H5Tclose);
  const Id space(checked(H5Dget_space(dataset.id), path, "H5Dget_space " + name), H5Sclose);
  const int dimensions =
      H5Sget_simple_extent_type(space) == H5S_SIMPLE ? H5Sget_simple_extent_ndims(space) : 0;
  if (dimensions < 1 || dimensions > static_cast<int>(kMaxDimensions))
    refuse(path, name, "it has neither one dimension nor two");
  hsize_t extent[kMaxDimensions] = {};
  checked(H5Sget_simple_extent_dims(space, extent, nullptr), path, "H5Sget_simple_extent_dims " + name);
  dataset.extent.assign(extent, extent + dimensions);
  require_storage(dataset, layout, file, name, path);
  return dataset;
}

void require_columns(const OpenDataset& dataset, std::span<const Column> columns, const std::string& name,
                     const std::filesystem::path& path) {
  if (H5Tget_class(dataset.type) != H5T_COMPOUND) refuse(path, name, "it is no table");
  if (H5Tget_nmembers(dataset.type) != static_cast<int>(columns.size()))
    refuse(path, name, fmt::format("it has not {} columns", columns.size()));
  for (const Column& column : columns) {
    const int member = H5Tget_member_index(dataset.type, column.name.c_str());
    H5Eclear2(H5E_DEFAULT);
    if (member < 0) refuse(path, name, "it has no column " + column.name);
    const Id type(H5Tget_member_type(dataset.type, static_cast<unsigned>(member)), H5Tclose);
    if (!is_column(type, column)) refuse(path, name, "its column " + column.name + " is of another type");
  }
}

}  // namespace speclab::hdf5
