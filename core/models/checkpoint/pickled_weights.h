#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace speclab {

// The names, sorted, of a folder's files of weights as PyTorch pickles them, which cannot be read; not those
// of an optimizer and the like, or of an adapter.
std::vector<std::string> pickled_weights(const std::filesystem::path& folder);

}  // namespace speclab
