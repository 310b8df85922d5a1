#include "experiments/point/price_catalogue.h"

#include <fmt/format.h>

#include "core/settings/text_file.h"
#include "experiments/config/files.h"

namespace speclab {
namespace {

bool is_path(const std::string& name) { return name.ends_with(".toml"); }

void flatten(const nlohmann::json& table, const std::string& prefix, Overrides& flat) {
  for (const auto& [key, value] : table.items()) {
    if (value.is_object()) {
      flatten(value, prefix + key + ".", flat);
    } else {
      flat[prefix + key] = value;
    }
  }
}

std::filesystem::path own_file(const std::string& setting, const std::string& name,
                               const std::filesystem::path& config_directory) {
  const std::filesystem::path file = find_path(setting, name, config_directory);
  require_regular_file(file);
  return file;
}

}  // namespace

Device device_named(const std::string& setting, const std::string& name,
                    const std::filesystem::path& config_directory, const std::string& stack,
                    const Overrides& overrides) {
  if (!is_path(name)) return find_device(project_configs("devices"), name, stack, overrides);
  return load_device(own_file(setting, name, config_directory), stack, overrides, Sources::optional);
}

ModelShape shape_named(const std::string& setting, const std::string& name,
                       const std::filesystem::path& config_directory, const Overrides& overrides) {
  if (!is_path(name)) return find_shape(project_configs("shapes"), name, overrides);
  return load_shape(own_file(setting, name, config_directory), overrides, Sources::optional);
}

Overrides read_overrides(Params& params, const char* name, const nlohmann::json& section) {
  params.table({name}, "keys of the file, each with the value that replaces it, such as { memory_gb = 40 }");
  return flattened(section.value(name, nlohmann::json::object()));
}

Overrides flattened(const nlohmann::json& table) {
  Overrides flat;
  flatten(table, "", flat);
  return flat;
}

std::string overrides_in_words(const Overrides& overrides) {
  std::string words;
  for (const auto& [key, value] : overrides)
    words += fmt::format("{}{} = {}", words.empty() ? " with " : ", ", key, value.dump());
  return words;
}

}  // namespace speclab
