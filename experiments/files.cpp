#include "experiments/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/counter_chance.h"
#include "core/errors.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kWhole = 64u << 20, kPart = 1u << 20;

std::uint64_t hash_bytes(std::uint64_t hash, const std::vector<char>& bytes) {
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    hash = mix64(hash ^ word) + kGolden;
  }
  for (; i < bytes.size(); ++i) hash = mix64(hash ^ static_cast<unsigned char>(bytes[i])) + kGolden;
  return hash;
}

std::uint64_t hash_file(std::uint64_t hash, const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw ConfigError("cannot read " + file.string());
  const std::uintmax_t size = fs::file_size(file);
  const auto part = [&](std::uintmax_t from, std::uintmax_t count) {
    std::vector<char> bytes(static_cast<std::size_t>(count));
    in.seekg(static_cast<std::streamoff>(from));
    in.read(bytes.data(), static_cast<std::streamsize>(count));
    hash = hash_bytes(hash, bytes);
  };
  hash = mix64(hash ^ size);
  if (size <= kWhole) {
    part(0, size);
  } else {
    part(0, kPart);
    part(size - kPart, kPart);
  }
  return hash;
}

}  // namespace

fs::path find_path(const std::string& setting, const std::string& path, const fs::path& config_directory) {
  const std::vector<fs::path> places{path, config_directory / path, fs::path(SPECLAB_PROJECT_DIR) / path};
  for (const fs::path& place : places) {
    if (fs::exists(place)) return place;
  }
  throw ConfigError(
      fmt::format("{} = \"{}\": there is no such file; looked in the working folder{} and the project's root",
                  setting, path, config_directory.empty() ? "" : ", in " + config_directory.string()));
}

fs::path project_configs(const std::string& folder) {
  return fs::path(SPECLAB_PROJECT_DIR) / "configs" / folder;
}

std::string digest(const fs::path& path) {
  std::uint64_t hash = kGolden;
  if (fs::is_directory(path)) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file() && entry.path().extension() != ".md") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const fs::path& file : files) hash = hash_file(hash, file);
  } else {
    hash = hash_file(hash, path);
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace speclab
