// What Hdf5File reads, all of it through core/results/hdf5_guard.h.
#include <fmt/format.h>

#include <algorithm>

#include "core/errors.h"
#include "core/results/hdf5.h"
#include "core/results/hdf5_guard.h"
#include "core/settings/json_text.h"
#include "core/settings/printable.h"

namespace speclab {

using namespace hdf5;

namespace {

constexpr std::size_t kMaxNumberBytes = 8;

nlohmann::json text_value(const std::string& stored, const std::filesystem::path& path,
                          const std::string& name) {
  std::string text = printable(stored);
  const bool structured = !text.empty() && (text.front() == '[' || text.front() == '{');
  if (!structured || !nlohmann::json::accept(text)) return text;
  try {
    return parse_json(text, name);
  } catch (const ConfigError& error) {
    throw Hdf5Error(path, "reading the attribute", error.what());
  }
}

nlohmann::json value_of(hid_t attribute, const std::filesystem::path& path, const std::string& name) {
  const std::string call = "reading the attribute " + name;
  const Id type(checked(H5Aget_type(attribute), path, call), H5Tclose);
  const Id space(checked(H5Aget_space(attribute), path, call), H5Sclose);
  if (H5Sget_simple_extent_type(space) != H5S_SCALAR)
    throw Hdf5Error(path, call, "it is to be a single value, and is an array");
  const auto read = [&](hid_t as, void* cell) { checked(H5Aread(attribute, as, cell), path, call); };
  const bool number = H5Tget_size(type) <= kMaxNumberBytes;
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_ENUM && number) {
    std::int8_t cell = 0;
    read(boolean_type(), &cell);
    return cell != 0;
  }
  if (kind == H5T_INTEGER && number && H5Tget_sign(type) == H5T_SGN_NONE) {
    std::uint64_t cell = 0;
    read(H5T_NATIVE_UINT64, &cell);
    return cell;
  }
  if (kind == H5T_INTEGER && number) {
    std::int64_t cell = 0;
    read(H5T_NATIVE_INT64, &cell);
    return cell;
  }
  if (kind == H5T_FLOAT && number) {
    double cell = 0;
    read(H5T_NATIVE_DOUBLE, &cell);
    return cell;
  }
  if (kind == H5T_STRING && H5Tis_variable_str(type) > 0) {
    char* cell = nullptr;
    read(type, &cell);
    const std::string text = cell == nullptr ? "" : cell;
    H5free_memory(cell);
    return text_value(text, path, name);
  }
  throw Hdf5Error(path, call, "it is of a type that this program does not write");
}

}  // namespace

// So that rows of a file that is being made count as stored.
void Hdf5File::settle() const {
  if (being_made_) checked(H5Fflush(id_, H5F_SCOPE_LOCAL), path_, "H5Fflush");
}

bool Hdf5File::has(const std::string& object) const {
  const Lock lock;
  return has_object(id_, object, path_);
}

std::vector<std::string> Hdf5File::children(const std::string& group) const {
  const Lock lock;
  const Id opened = open_object(id_, group, path_);
  std::vector<std::string> names;
  hsize_t at = 0;
  checked(H5Literate(
              opened, H5_INDEX_NAME, H5_ITER_INC, &at,
              [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
                static_cast<std::vector<std::string>*>(out)->emplace_back(name);
                return 0;
              },
              &names),
          path_, "H5Literate " + group);
  return names;
}

nlohmann::json Hdf5File::get(const std::string& object, const std::string& name) const {
  const Lock lock;
  const Id opened = open_object(id_, object, path_);
  const Id attribute(
      checked(H5Aopen(opened, name.c_str(), H5P_DEFAULT), path_, "H5Aopen " + object + " " + name), H5Aclose);
  return value_of(attribute, path_, name);
}

std::map<std::string, nlohmann::json> Hdf5File::attributes(const std::string& object) const {
  const Lock lock;
  const Id opened = open_object(id_, object, path_);
  std::vector<std::string> names;
  hsize_t at = 0;
  checked(H5Aiterate2(
              opened, H5_INDEX_NAME, H5_ITER_INC, &at,
              [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
                static_cast<std::vector<std::string>*>(out)->emplace_back(name);
                return 0;
              },
              &names),
          path_, "H5Aiterate2 " + object);
  std::map<std::string, nlohmann::json> values;
  for (const std::string& name : names) {
    const Id attribute(checked(H5Aopen(opened, name.c_str(), H5P_DEFAULT), path_, "H5Aopen " + name),
                       H5Aclose);
    values[printable(name)] = value_of(attribute, path_, name);
  }
  return values;
}

std::vector<std::size_t> Hdf5File::shape(const std::string& dataset) const {
  const Lock lock;
  settle();
  return open_dataset(id_, dataset, path_).extent;
}

void Hdf5File::read_table(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
                          std::size_t first, std::size_t count, void* rows) const {
  const Lock lock;
  settle();
  const OpenDataset set = open_dataset(id_, dataset, path_);
  require_columns(set, columns, dataset, path_);
  if (set.extent.size() != 1 || first > set.extent[0] || count > set.extent[0] - first)
    throw Hdf5Error(path_, "reading " + dataset,
                    fmt::format("it has no {} rows from row {} on", count, first));
  if (count == 0) return;
  const hsize_t start = first, block = count;
  const Id in_file(H5Dget_space(set.id), H5Sclose);
  H5Sselect_hyperslab(in_file, H5S_SELECT_SET, &start, nullptr, &block, nullptr);
  const Id in_memory(H5Screate_simple(1, &block, nullptr), H5Sclose);
  const Id row = row_type(columns, row_bytes, false);
  checked(H5Dread(set.id, row, in_memory, in_file, transfer(count, set.type, row), rows), path_,
          "H5Dread " + dataset);
}

void Hdf5File::read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                         std::span<double> values) const {
  const Lock lock;
  read_numbers(dataset, first, count, values.size(), H5T_NATIVE_DOUBLE, values.data());
}

void Hdf5File::read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                         std::span<std::int64_t> values) const {
  const Lock lock;
  read_numbers(dataset, first, count, values.size(), H5T_NATIVE_INT64, values.data());
}

void Hdf5File::read_numbers(const std::string& dataset, std::size_t first, std::size_t count,
                            std::size_t room, std::int64_t memory_type, void* values) const {
  settle();
  const OpenDataset set = open_dataset(id_, dataset, path_);
  const std::string call = "reading " + dataset;
  const H5T_class_t kind = H5Tget_class(set.type);
  if (kind != H5T_INTEGER && (kind != H5T_FLOAT || memory_type == H5T_NATIVE_INT64)) {
    throw Hdf5Error(
        path_, call,
        memory_type == H5T_NATIVE_INT64 ? "its values are no integers" : "its values are no numbers");
  }
  if (H5Tget_size(set.type) > kMaxNumberBytes)
    throw Hdf5Error(path_, call, fmt::format("its numbers have more than {} bytes", kMaxNumberBytes));
  const std::size_t width = set.extent.size() == 2 ? set.extent[1] : 1;
  const bool there = first <= set.extent[0] && count <= set.extent[0] - first;
  if (!there || (width > 0 && (room % width != 0 || room / width != count)) || (width == 0 && room > 0)) {
    throw Hdf5Error(path_, call, fmt::format("it has no {} rows from row {} on", count, first));
  }
  if (room == 0) return;
  const hsize_t start[2] = {first, 0}, block[2] = {count, width};
  const Id in_file(H5Dget_space(set.id), H5Sclose);
  H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, nullptr, block, nullptr);
  const Id in_memory(H5Screate_simple(static_cast<int>(set.extent.size()), block, nullptr), H5Sclose);
  checked(H5Dread(set.id, memory_type, in_memory, in_file, transfer(room, set.type, memory_type), values),
          path_, "H5Dread " + dataset);
}

}  // namespace speclab
