#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace speclab {

// How much of a file its digest reads.
enum class DigestKind : std::uint8_t {
  sampled,  // all of a file up to 64 MB; of a larger one the size, the time of its last change and samples
  full      // every byte
};

// What tells the file at a path, or the files of a folder with their names, from others: XXH3 in 128 bits
// (github.com/Cyan4973/xxHash). "full:<32 digits>" where every byte was read, on all machines the same;
// "sampled:<32 digits>" where of some file only its first MiB, all of a safetensors header, 2,048 spread
// blocks of 4 KiB and its last MiB were. Of a folder, text (*.md), hidden files and folders within do not
// count. ConfigError where something cannot be read.
std::string digest(const std::filesystem::path& path, DigestKind kind = DigestKind::sampled);

}  // namespace speclab
