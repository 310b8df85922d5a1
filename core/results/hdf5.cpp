#include "core/results/hdf5.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/results/hdf5_library.h"

namespace speclab {

using namespace hdf5;

namespace {

constexpr hsize_t kChunkRows = 4096;
constexpr unsigned kDeflate = 4;

}  // namespace

Hdf5File Hdf5File::in_memory(std::filesystem::path name) {
  const Lock lock;
  const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  constexpr std::size_t kGrowth = 1 << 20;
  checked(H5Pset_fapl_core(access, kGrowth, false), name, "H5Pset_fapl_core");
  static int made = 0;  // HDF5 takes two files in memory of one name for one file
  const std::string unique = fmt::format("{}#{}", name.string(), made++);
  const hid_t id = checked(H5Fcreate(unique.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), name, "H5Fcreate");
  return {std::move(name), id, true};
}

Hdf5File Hdf5File::open(std::filesystem::path path) {
  const Lock lock;
  if (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path))
    throw Hdf5Error(path, "reading", "it is no regular file");
  if (H5Fis_hdf5(path.c_str()) == 0) throw Hdf5Error(path, "reading", "it is no HDF5 file");
  const hid_t id = checked(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), path, "H5Fopen");
  return {std::move(path), id, false};
}

Hdf5File::Hdf5File(Hdf5File&& other) noexcept
    : path_(std::move(other.path_)), id_(std::exchange(other.id_, -1)), being_made_(other.being_made_) {}

Hdf5File::~Hdf5File() {
  const Lock lock;
  if (id_ >= 0) H5Fclose(id_);
}

void Hdf5File::make_group(const std::string& group) {
  const Lock lock;
  const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const Id made(
      checked(H5Gcreate2(id_, group.c_str(), links, H5P_DEFAULT, H5P_DEFAULT), path_, "H5Gcreate2 " + group),
      H5Gclose);
}

void Hdf5File::set(const std::string& object, const std::string& name, const nlohmann::json& value) {
  const Lock lock;
  const auto write = [&](hid_t type, const void* data) {
    const Id space(H5Screate(H5S_SCALAR), H5Sclose);
    const Id attribute(checked(H5Acreate_by_name(id_, object.c_str(), name.c_str(), type, space, H5P_DEFAULT,
                                                 H5P_DEFAULT, H5P_DEFAULT),
                               path_, "H5Acreate_by_name " + object + " " + name),
                       H5Aclose);
    checked(H5Awrite(attribute, type, data), path_, "H5Awrite " + name);
  };
  if (value.is_boolean()) {
    const std::int8_t cell = value.get<bool>() ? 1 : 0;
    write(boolean_type(), &cell);
  } else if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) {
    const std::uint64_t cell = value.get<std::uint64_t>();
    write(H5T_NATIVE_UINT64, &cell);
  } else if (value.is_number_integer()) {
    const std::int64_t cell = value.get<std::int64_t>();
    write(H5T_NATIVE_INT64, &cell);
  } else if (value.is_number_float()) {
    const double cell = value.get<double>();
    write(H5T_NATIVE_DOUBLE, &cell);
  } else {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    const char* cell = text.c_str();
    write(text_type(H5T_VARIABLE), &cell);
  }
}

void Hdf5File::extend(const std::string& dataset, std::int64_t memory_type, std::int64_t file_type,
                      const void* rows, std::size_t count) {
  const hsize_t added = count;
  if (!has(dataset)) {
    const hsize_t none = 0, chunk = std::clamp<hsize_t>(added, 1, kChunkRows), unlimited = H5S_UNLIMITED;
    const Id space(H5Screate_simple(1, &none, &unlimited), H5Sclose);
    const Id layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_chunk(layout, 1, &chunk);
    H5Pset_shuffle(layout);
    H5Pset_deflate(layout, kDeflate);
    H5Pset_fletcher32(layout);
    H5Pset_obj_track_times(layout, false);  // the same rows make the same file
    const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    const Id made(checked(H5Dcreate2(id_, dataset.c_str(), file_type, space, links, layout, H5P_DEFAULT),
                          path_, "H5Dcreate2 " + dataset),
                  H5Dclose);
  }
  const Id set(checked(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), path_, "H5Dopen2 " + dataset), H5Dclose);
  const Id space_before(H5Dget_space(set), H5Sclose);
  const hsize_t before = static_cast<hsize_t>(checked(H5Sget_simple_extent_npoints(space_before), path_,
                                                      "H5Sget_simple_extent_npoints " + dataset)),
                after = before + added;
  checked(H5Dset_extent(set, &after), path_, "H5Dset_extent " + dataset);
  if (count == 0) return;
  const Id in_file(H5Dget_space(set), H5Sclose);
  H5Sselect_hyperslab(in_file, H5S_SELECT_SET, &before, nullptr, &added, nullptr);
  const Id in_memory(H5Screate_simple(1, &added, nullptr), H5Sclose);
  checked(H5Dwrite(set, memory_type, in_memory, in_file, transfer(count, file_type, memory_type), rows),
          path_, "H5Dwrite " + dataset);
}

void Hdf5File::append(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
                      const void* rows, std::size_t count) {
  const Lock lock;
  const bool fresh = !has(dataset);
  extend(dataset, row_type(columns, row_bytes, false), row_type(columns, row_bytes, true), rows, count);
  if (!fresh) return;
  for (const Column& column : columns) {
    if (!column.meaning.empty()) set(dataset, column.name, column.meaning);
  }
}

void Hdf5File::append_ints(const std::string& dataset, std::span<const std::int32_t> values) {
  const Lock lock;
  extend(dataset, H5T_NATIVE_INT32, H5T_NATIVE_INT32, values.data(), values.size());
}

std::vector<std::byte> Hdf5File::image() const {
  const Lock lock;
  checked(H5Fflush(id_, H5F_SCOPE_LOCAL), path_, "H5Fflush");
  const auto bytes = checked(H5Fget_file_image(id_, nullptr, 0), path_, "H5Fget_file_image");
  std::vector<std::byte> copy(static_cast<std::size_t>(bytes));
  checked(H5Fget_file_image(id_, copy.data(), copy.size()), path_, "H5Fget_file_image");
  return copy;
}

}  // namespace speclab
