#include "core/results/hdf5_library.h"

#include <algorithm>

namespace speclab::hdf5 {
namespace {

bool alone = false;

std::recursive_mutex& library() {
  static std::recursive_mutex mutex;
  return mutex;
}

}  // namespace

Lock::Lock() {
  if (!alone) library().lock();
  [[maybe_unused]] static const bool prepared = [] {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);  // a file may name a filter; no code is loaded for it
    return true;
  }();
}

Lock::~Lock() {
  if (!alone) library().unlock();
}

void only_thread() { alone = true; }

// Upwards begins at the innermost entry of the error stack.
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

Id text_type(std::size_t width) {
  Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, width);
  H5Tset_cset(type, H5T_CSET_UTF8);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

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

Id transfer(std::size_t rows, hid_t in_file, hid_t in_memory) {
  constexpr std::size_t kMax = 1 << 20;
  const std::size_t row = std::max(H5Tget_size(in_file), H5Tget_size(in_memory));
  const std::size_t held =
      std::clamp<std::size_t>(kMax / std::max<std::size_t>(row, 1), 1, std::max<std::size_t>(rows, 1));
  Id list(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
  H5Pset_buffer(list, held * row, nullptr, nullptr);
  return list;
}

}  // namespace speclab::hdf5
