#include "core/settings/text_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "core/errors.h"

namespace speclab {
namespace fs = std::filesystem;

void require_regular_file(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found)
    throw ConfigError(fmt::format("{}: there is no such file", file.string()));
  if (error) throw ConfigError(fmt::format("{}: cannot be opened: {}", file.string(), error.message()));
  if (fs::is_directory(status)) throw ConfigError(fmt::format("{}: is a folder, not a file", file.string()));
  if (!fs::is_regular_file(status)) {
    throw ConfigError(
        fmt::format("{}: is a pipe, a socket or a device; it must be a regular file", file.string()));
  }
}

std::string read_text_file(const fs::path& file, std::uintmax_t max) {
  require_regular_file(file);
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw ConfigError(
        fmt::format("{}: cannot be opened: {}", file.string(), std::generic_category().message(errno)));
  }
  const std::uintmax_t size = fs::file_size(file);
  if (size > max)
    throw ConfigError(fmt::format("{}: has {} bytes; at most {} are read", file.string(), size, max));
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (static_cast<std::uintmax_t>(in.gcount()) != size)
    throw ConfigError(fmt::format("{}: ended after {} of its {} bytes", file.string(), in.gcount(), size));
  return text;
}

}  // namespace speclab
