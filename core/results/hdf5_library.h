#pragma once

#include <hdf5.h>

#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "core/results/hdf5_reader.h"

// What the files over the HDF5 library share; the rest of the program does not see the library.
namespace speclab::hdf5 {

// Held for every call of the library, which it also prepares: silent, and without plugins.
class Lock {
 public:
  Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock();
};

// In a process that was forked while the lock was held, and that has no other thread: locks are no longer
// taken, as the lock belongs to a thread that is not there.
void only_thread();

std::string innermost_reason();  // of the library's last error

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
  Id& operator=(Id&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  Close close_;
};

Id text_type(std::size_t width);
Id boolean_type();  // as h5py stores numpy.bool_
hid_t number_type(CellType type);
std::size_t cell_bytes(const Column& column);
// In memory a row has the struct's padding; in the file (`packed`) it has none.
Id row_type(std::span<const Column> columns, std::size_t row_bytes, bool packed);
// How so many rows of these types move between file and memory: through a buffer of what they take. The
// library's own has a megabyte, which it clears for each call, and most tables have a few rows.
Id transfer(std::size_t rows, hid_t in_file, hid_t in_memory);

}  // namespace speclab::hdf5
