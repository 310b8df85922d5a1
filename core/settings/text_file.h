#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace speclab {

// ConfigError where nothing is there, or something that is no regular file: a folder, a pipe, a device. Links
// are followed. To be called before a file is opened, since opening a pipe waits for a writer.
void require_regular_file(const std::filesystem::path& file);

// All of a regular file's bytes. ConfigError likewise, or where it has more than `most` bytes.
std::string read_text_file(const std::filesystem::path& file, std::uintmax_t max = std::uintmax_t{1} << 30);

}  // namespace speclab
