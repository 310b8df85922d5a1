#pragma once

#include <filesystem>

namespace speclab {

// Keeps other processes from writing to the same results folder, until it is destroyed or the process ends.
// Throws ConfigError where another holds it, Hdf5Error where the folder cannot be written.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace speclab
