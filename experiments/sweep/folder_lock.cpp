#include "experiments/sweep/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/errors.h"
#include "core/results/atomic_file.h"
#include "core/results/hdf5.h"

namespace speclab {

FolderLock::FolderLock(const std::filesystem::path& folder) {
  make_folder(folder);
  file_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file_ < 0) throw Hdf5Error(folder, "opening the folder", std::strerror(errno));
  if (flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  close(file_);
  throw ConfigError("another speclab is writing to " + folder.string() +
                    "; wait for it, or choose another --results");
}

FolderLock::~FolderLock() { close(file_); }

}  // namespace speclab
