#include "core/results/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>
#include <vector>

#include "core/errors.h"
#include "core/results/hdf5.h"

namespace speclab {
namespace {

Hdf5Error refused(const std::filesystem::path& path, const char* call) {
  return {path, call, std::generic_category().message(errno)};
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : id_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (id_ < 0) throw refused(path, "open");
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(id_); }
  int id() const { return id_; }

 private:
  int id_;
};

void write_all(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.id(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw refused(path, "write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (::fsync(file.id()) != 0) throw refused(path, "fsync");
}

}  // namespace

void refuse_file_as_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (std::filesystem::path at = folder; !at.empty(); at = at.parent_path()) {
    if (std::filesystem::exists(at, ignored) && !std::filesystem::is_directory(at, ignored)) {
      throw ConfigError(fmt::format("{}: is a file, so there can be no folder {}; give results a folder",
                                    at.string(), folder.string()));
    }
    if (at == at.parent_path()) break;
  }
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error, ignored;
  std::filesystem::create_directories(folder, error);
  if (std::filesystem::is_directory(folder, ignored)) return;
  refuse_file_as_folder(folder);
  throw Hdf5Error(folder, "making the folder", error.message());
}

void check_writable(const std::filesystem::path& folder) {
  make_folder(folder);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) throw refused(folder, "access");
}

void replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::filesystem::path partial = path;
  partial.replace_extension(".partial");
  try {
    write_all(partial, bytes);
    if (std::rename(partial.c_str(), path.c_str()) != 0) throw refused(path, "rename");
  } catch (const Hdf5Error&) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw;
  }
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const Descriptor directory(folder, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync a directory; the bytes themselves are safe by now.
  if (::fsync(directory.id()) != 0 && errno != EINVAL) throw refused(folder, "fsync");
}

bool holds(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) != bytes.size() || error) return false;
  std::ifstream file(path, std::ios::binary);
  std::vector<char> part(1 << 20);
  while (!bytes.empty()) {
    part.resize(std::min(part.size(), bytes.size()));
    if (!file.read(part.data(), static_cast<std::streamsize>(part.size()))) return false;
    if (std::memcmp(part.data(), bytes.data(), part.size()) != 0) return false;
    bytes = bytes.subspan(part.size());
  }
  return true;
}

}  // namespace speclab
