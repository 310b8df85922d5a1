#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cost/device.h"
#include "core/cost/model_shape.h"

namespace speclab {

// A catalogue is a folder of TOML files, one per device (configs/devices) or model shape (configs/shapes).
// Whatever is wrong with a file is a ConfigError that names the file, the key and what would be right.

// Values that replace a file's, by dotted key ("efficiency.knee"), or by the key alone where only one table
// has it or the top level does ("knee", "memory_gb").
using Overrides = std::map<std::string, nlohmann::json>;

// Whether a file must say where its numbers come from ([source]), how far they are off and how many
// parameters a shape is published with: in the catalogue, not in a user's own.
enum class Sources { required, optional };

// With the efficiency of a software stack of the file ([stack.NAME]), or the device's own for "".
Device load_device(const std::filesystem::path& file, const std::string& stack = "",
                   const Overrides& overrides = {}, Sources sources = Sources::required);
ModelShape load_shape(const std::filesystem::path& file, const Overrides& overrides = {},
                      Sources sources = Sources::required);

// By file name, name or alias; case, spaces and underscores do not matter. Throws ConfigError naming
// the nearest ones.
Device find_device(const std::filesystem::path& folder, std::string_view name, const std::string& stack = "",
                   const Overrides& overrides = {});
ModelShape find_shape(const std::filesystem::path& folder, std::string_view name,
                      const Overrides& overrides = {});

// In order of file name.
std::vector<Device> all_devices(const std::filesystem::path& folder);
std::vector<ModelShape> all_shapes(const std::filesystem::path& folder);

// Names of a device file's stacks.
std::vector<std::string> stacks(const std::filesystem::path& device_file);

// The devices of a folder that have stacks, by the names of their files.
std::vector<std::pair<std::string, std::vector<std::string>>> all_stacks(const std::filesystem::path& folder);

// "Llama 3.1-8B" -> "llama-3.1-8b": what catalogue files are called.
std::string slug(std::string_view name);

}  // namespace speclab
