#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace speclab {

// ConfigError where a file stands in the place of the folder or of one above it.
void refuse_file_as_folder(const std::filesystem::path& folder);

// Makes the folder and those above it. ConfigError where a file stands in the place of one of them, Hdf5Error
// where it cannot be made for another reason.
void make_folder(const std::filesystem::path& folder);

// Throws as make_folder does, or Hdf5Error, now if a file could not be made there later; makes the folder.
void check_writable(const std::filesystem::path& folder);

// The path either keeps what it had or has all of the bytes, on the disk: they go to
// `<stem>.partial` beside it, which then takes the name. Throws Hdf5Error and leaves no partial file.
void replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

// Whether the file is there and holds these bytes, no more and no less.
bool holds(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace speclab
