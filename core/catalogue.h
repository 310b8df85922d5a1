#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/device.h"
#include "core/model_shape.h"

namespace speclab {

// A catalogue is a folder of TOML files, one per device (configs/devices) or model shape (configs/shapes).
// Whatever is wrong with a file is a ConfigError that names the file, the key and what would be right.

// With the efficiency of a software stack of the file ([stack.NAME]), or the device's own for "".
Device load_device(const std::filesystem::path& file, std::string_view stack = "");
ModelShape load_shape(const std::filesystem::path& file);

// By file name, name or alias; case, spaces and underscores do not matter. Throws ConfigError naming
// the nearest ones.
Device find_device(const std::filesystem::path& folder, std::string_view name, std::string_view stack = "");
ModelShape find_shape(const std::filesystem::path& folder, std::string_view name);

// In order of file name.
std::vector<Device> all_devices(const std::filesystem::path& folder);
std::vector<ModelShape> all_shapes(const std::filesystem::path& folder);

// Names of a device file's stacks.
std::vector<std::string> stacks(const std::filesystem::path& device_file);

// "Llama 3.1-8B" -> "llama-3.1-8b": what catalogue files are called.
std::string slug(std::string_view name);

}  // namespace speclab
