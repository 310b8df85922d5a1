#include "core/hdf5.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace speclab {
namespace {

constexpr hsize_t kChunkRows = 4096;
constexpr unsigned kDeflate = 4;

using Lock = std::lock_guard<std::recursive_mutex>;

std::recursive_mutex& library() {
  static std::recursive_mutex mutex;
  [[maybe_unused]] static const herr_t silent = H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  return mutex;
}

// The innermost entry of HDF5's error stack: upwards begins there.
std::string innermost_reason() {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* entry, void* out) -> herr_t {
        if (n == 0) *static_cast<std::string*>(out) = entry->desc ? entry->desc : "";
        return 0;
      },
      &reason);
  H5Eclear2(H5E_DEFAULT);
  return reason.empty() ? "no reason given" : reason;
}

template <class Result>
Result checked(Result result, const std::filesystem::path& path, const std::string& call) {
  if (result < 0) throw Hdf5Error(path, call, innermost_reason());
  return result;
}

class Id {
 public:
  using Close = herr_t (*)(hid_t);
  Id(hid_t id, Close close) : id_(id), close_(close) {}
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Id& operator=(Id&&) = delete;
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  Close close_;
};

Id text_type(std::size_t width) {
  Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, width);
  H5Tset_cset(type, H5T_CSET_UTF8);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

// As h5py stores numpy.bool_.
Id boolean_type() {
  Id type(H5Tenum_create(H5T_NATIVE_INT8), H5Tclose);
  for (const std::int8_t value : {0, 1}) H5Tenum_insert(type, value == 0 ? "FALSE" : "TRUE", &value);
  return type;
}

std::size_t cell_bytes(const Column& column) {
  switch (column.type) {
    case CellType::i32:
      return 4;
    case CellType::text:
      return column.width;
    default:
      return 8;
  }
}

hid_t number_type(CellType type) {
  switch (type) {
    case CellType::i32:
      return H5T_NATIVE_INT32;
    case CellType::i64:
      return H5T_NATIVE_INT64;
    case CellType::u64:
      return H5T_NATIVE_UINT64;
    default:
      return H5T_NATIVE_DOUBLE;
  }
}

// In memory a row has the struct's padding; in the file it has none.
Id row_type(std::span<const Column> columns, std::size_t row_bytes, bool packed) {
  std::size_t bytes = 0;
  for (const Column& column : columns) bytes += cell_bytes(column);
  Id type(H5Tcreate(H5T_COMPOUND, packed ? bytes : row_bytes), H5Tclose);
  std::size_t offset = 0;
  for (const Column& column : columns) {
    const std::size_t at = packed ? offset : column.offset;
    if (column.type == CellType::text)
      H5Tinsert(type, column.name.c_str(), at, text_type(column.width));
    else
      H5Tinsert(type, column.name.c_str(), at, number_type(column.type));
    offset += cell_bytes(column);
  }
  return type;
}

bool structured(const std::string& text) {
  return !text.empty() && (text.front() == '[' || text.front() == '{') && nlohmann::json::accept(text);
}

}  // namespace

Hdf5Error::Hdf5Error(std::filesystem::path file, std::string call, std::string reason)
    : std::runtime_error(fmt::format("{}: {} failed: {}", file.string(), call, reason)),
      file_(std::move(file)),
      call_(std::move(call)),
      reason_(std::move(reason)) {}

Hdf5File Hdf5File::in_memory(std::filesystem::path name) {
  const Lock lock(library());
  const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  constexpr std::size_t kGrowth = 1 << 20;
  checked(H5Pset_fapl_core(access, kGrowth, false), name, "H5Pset_fapl_core");
  static int made = 0;  // HDF5 takes two files in memory of one name for one file
  const std::string unique = fmt::format("{}#{}", name.string(), made++);
  const hid_t id = checked(H5Fcreate(unique.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), name, "H5Fcreate");
  return {std::move(name), id};
}

Hdf5File Hdf5File::open(std::filesystem::path path) {
  const Lock lock(library());
  if (H5Fis_hdf5(path.c_str()) == 0) throw Hdf5Error(path, "reading", "it is no HDF5 file");
  const hid_t id = checked(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), path, "H5Fopen");
  return {std::move(path), id};
}

Hdf5File::Hdf5File(Hdf5File&& other) noexcept
    : path_(std::move(other.path_)), id_(std::exchange(other.id_, -1)) {}

Hdf5File::~Hdf5File() {
  const Lock lock(library());
  if (id_ >= 0) H5Fclose(id_);
}

bool Hdf5File::has(const std::string& object) const {
  const Lock lock(library());
  for (std::size_t end = object.find('/', 1); end != std::string::npos; end = object.find('/', end + 1)) {
    if (H5Lexists(id_, object.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return object == "/" || H5Lexists(id_, object.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Hdf5File::children(const std::string& group) const {
  const Lock lock(library());
  std::vector<std::string> names;
  hsize_t at = 0;
  checked(H5Literate_by_name(
              id_, group.c_str(), H5_INDEX_NAME, H5_ITER_INC, &at,
              [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
                static_cast<std::vector<std::string>*>(out)->emplace_back(name);
                return 0;
              },
              &names, H5P_DEFAULT),
          path_, "H5Literate_by_name " + group);
  return names;
}

void Hdf5File::make_group(const std::string& group) {
  const Lock lock(library());
  const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const Id made(
      checked(H5Gcreate2(id_, group.c_str(), links, H5P_DEFAULT, H5P_DEFAULT), path_, "H5Gcreate2 " + group),
      H5Gclose);
}

void Hdf5File::set(const std::string& object, const std::string& name, const nlohmann::json& value) {
  const Lock lock(library());
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

nlohmann::json Hdf5File::get(const std::string& object, const std::string& name) const {
  const Lock lock(library());
  const std::string call = "H5Aopen_by_name " + object + " " + name;
  const Id attribute(
      checked(H5Aopen_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), path_, call),
      H5Aclose);
  const Id type(checked(H5Aget_type(attribute), path_, call), H5Tclose);
  const auto read = [&](hid_t as, void* cell) {
    checked(H5Aread(attribute, as, cell), path_, "H5Aread " + name);
  };
  switch (H5Tget_class(type)) {
    case H5T_ENUM: {
      std::int8_t cell = 0;
      read(boolean_type(), &cell);
      return cell != 0;
    }
    case H5T_INTEGER: {
      if (H5Tget_sign(type) == H5T_SGN_NONE) {
        std::uint64_t cell = 0;
        read(H5T_NATIVE_UINT64, &cell);
        return cell;
      }
      std::int64_t cell = 0;
      read(H5T_NATIVE_INT64, &cell);
      return cell;
    }
    case H5T_FLOAT: {
      double cell = 0;
      read(H5T_NATIVE_DOUBLE, &cell);
      return cell;
    }
    case H5T_STRING: {
      if (H5Tis_variable_str(type) <= 0) break;
      char* cell = nullptr;
      read(text_type(H5T_VARIABLE), &cell);
      const std::string text = cell == nullptr ? "" : cell;
      H5free_memory(cell);
      return structured(text) ? nlohmann::json::parse(text) : nlohmann::json(text);
    }
    default:
      break;
  }
  throw Hdf5Error(path_, call, "an attribute of a type that this program does not write");
}

std::map<std::string, nlohmann::json> Hdf5File::attributes(const std::string& object) const {
  const Lock lock(library());
  std::vector<std::string> names;
  const Id opened(checked(H5Oopen(id_, object.c_str(), H5P_DEFAULT), path_, "H5Oopen " + object), H5Oclose);
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
  for (const std::string& name : names) values[name] = get(object, name);
  return values;
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
    const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    const Id made(checked(H5Dcreate2(id_, dataset.c_str(), file_type, space, links, layout, H5P_DEFAULT),
                          path_, "H5Dcreate2 " + dataset),
                  H5Dclose);
  }
  const Id set(checked(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), path_, "H5Dopen2 " + dataset), H5Dclose);
  const hsize_t before = size(dataset), after = before + added;
  checked(H5Dset_extent(set, &after), path_, "H5Dset_extent " + dataset);
  if (count == 0) return;
  const Id in_file(H5Dget_space(set), H5Sclose);
  H5Sselect_hyperslab(in_file, H5S_SELECT_SET, &before, nullptr, &added, nullptr);
  const Id in_memory(H5Screate_simple(1, &added, nullptr), H5Sclose);
  checked(H5Dwrite(set, memory_type, in_memory, in_file, H5P_DEFAULT, rows), path_, "H5Dwrite " + dataset);
}

void Hdf5File::append(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
                      const void* rows, std::size_t count) {
  const Lock lock(library());
  const bool fresh = !has(dataset);
  extend(dataset, row_type(columns, row_bytes, false), row_type(columns, row_bytes, true), rows, count);
  if (!fresh) return;
  for (const Column& column : columns) {
    if (!column.meaning.empty()) set(dataset, column.name, column.meaning);
  }
}

std::size_t Hdf5File::size(const std::string& dataset) const {
  const Lock lock(library());
  const Id set(checked(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), path_, "H5Dopen2 " + dataset), H5Dclose);
  const Id space(H5Dget_space(set), H5Sclose);
  return static_cast<std::size_t>(
      checked(H5Sget_simple_extent_npoints(space), path_, "H5Sget_simple_extent_npoints " + dataset));
}

void Hdf5File::read(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
                    void* rows) const {
  const Lock lock(library());
  const Id set(checked(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), path_, "H5Dopen2 " + dataset), H5Dclose);
  if (size(dataset) == 0) return;
  checked(H5Dread(set, row_type(columns, row_bytes, false), H5S_ALL, H5S_ALL, H5P_DEFAULT, rows), path_,
          "H5Dread " + dataset);
}

void Hdf5File::append_ints(const std::string& dataset, std::span<const std::int32_t> values) {
  const Lock lock(library());
  extend(dataset, H5T_NATIVE_INT32, H5T_NATIVE_INT32, values.data(), values.size());
}

std::vector<std::int32_t> Hdf5File::read_ints(const std::string& dataset) const {
  const Lock lock(library());
  std::vector<std::int32_t> values(size(dataset));
  const Id set(checked(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), path_, "H5Dopen2 " + dataset), H5Dclose);
  if (values.empty()) return values;
  checked(H5Dread(set, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), path_,
          "H5Dread " + dataset);
  return values;
}

std::vector<std::size_t> Hdf5File::shape(const std::string& dataset) const {
  const Lock lock(library());
  const Id set(checked(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), path_, "H5Dopen2 " + dataset), H5Dclose);
  const Id space(checked(H5Dget_space(set), path_, "H5Dget_space " + dataset), H5Sclose);
  const int dimensions = checked(H5Sget_simple_extent_ndims(space), path_, "H5Sget_simple_extent_ndims");
  std::vector<hsize_t> extent(static_cast<std::size_t>(dimensions));
  H5Sget_simple_extent_dims(space, extent.data(), nullptr);
  return {extent.begin(), extent.end()};
}

void Hdf5File::read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                         std::span<double> values) const {
  const Lock lock(library());
  read_numbers(dataset, first, count, values.size(), H5T_NATIVE_DOUBLE, values.data());
}

void Hdf5File::read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                         std::span<std::int64_t> values) const {
  const Lock lock(library());
  read_numbers(dataset, first, count, values.size(), H5T_NATIVE_INT64, values.data());
}

void Hdf5File::read_numbers(const std::string& dataset, std::size_t first, std::size_t count,
                            std::size_t room, std::int64_t memory_type, void* values) const {
  const std::vector<std::size_t> extent = shape(dataset);
  const std::string call = "reading " + dataset;
  const Id set(checked(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), path_, "H5Dopen2 " + dataset), H5Dclose);
  const Id type(checked(H5Dget_type(set), path_, "H5Dget_type " + dataset), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_INTEGER && (kind != H5T_FLOAT || memory_type == H5T_NATIVE_INT64)) {
    throw Hdf5Error(
        path_, call,
        memory_type == H5T_NATIVE_INT64 ? "its values are no integers" : "its values are no numbers");
  }
  if (extent.empty() || extent.size() > 2)
    throw Hdf5Error(path_, call, "it has neither one dimension nor two");
  const hsize_t width = extent.size() == 2 ? extent[1] : 1;
  if (first + count > extent[0] || count * width != room) {
    throw Hdf5Error(path_, call, fmt::format("it has no {} rows from row {} on", count, first));
  }
  if (room == 0) return;
  const hsize_t start[2] = {first, 0}, block[2] = {count, width};
  const Id in_file(H5Dget_space(set), H5Sclose);
  H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, nullptr, block, nullptr);
  const Id in_memory(H5Screate_simple(static_cast<int>(extent.size()), block, nullptr), H5Sclose);
  checked(H5Dread(set, memory_type, in_memory, in_file, H5P_DEFAULT, values), path_, "H5Dread " + dataset);
}

void Hdf5File::copy(const Hdf5File& from, const std::string& object, const std::string& to) {
  const Lock lock(library());
  const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  checked(H5Ocopy(from.id_, object.c_str(), id_, to.c_str(), H5P_DEFAULT, links), path_, "H5Ocopy " + to);
}

std::vector<std::byte> Hdf5File::image() const {
  const Lock lock(library());
  checked(H5Fflush(id_, H5F_SCOPE_LOCAL), path_, "H5Fflush");
  const auto bytes = checked(H5Fget_file_image(id_, nullptr, 0), path_, "H5Fget_file_image");
  std::vector<std::byte> copy(static_cast<std::size_t>(bytes));
  checked(H5Fget_file_image(id_, copy.data(), copy.size()), path_, "H5Fget_file_image");
  return copy;
}

}  // namespace speclab
