#pragma once

#include <hdf5.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/results/hdf5_library.h"

// Ways into a file that lead to nothing outside of it and to no more bytes than it stores.
namespace speclab::hdf5 {

// Whether there is such an object. Throws where a link on the way is none within the file.
bool has_object(hid_t file, const std::string& object, const std::filesystem::path& path);

// An object by its path, over links within the file alone.
Id open_object(hid_t file, const std::string& object, const std::filesystem::path& path);

struct OpenDataset {
  Id id, type;                      // of an element, in the file
  std::vector<std::size_t> extent;  // of one dimension or more
};

// Throws unless the dataset lies in the file itself, goes through no filter that this program does not write,
// and its declared bytes can come out of the stored ones.
OpenDataset open_dataset(hid_t file, const std::string& dataset, const std::filesystem::path& path);

// Throws unless elements of the dataset are rows of these columns, and of no others.
void require_columns(const OpenDataset& dataset, std::span<const Column> columns, const std::string& name,
                     const std::filesystem::path& path);

}  // namespace speclab::hdf5
