#include "analysis/result_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "core/errors.h"
#include "core/results/hdf5_apart.h"
#include "core/settings/text_file.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";

bool is_hdf5(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string start(kSignature.size(), '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  return start == kSignature;
}

// What a file that holds no points holds; empty: points, as far as can be seen.
std::string other_content(const Hdf5Reader& file) {
  const std::map<std::string, nlohmann::json> facts = file.attributes("/");
  const auto format = facts.find("format");
  if (format != facts.end() && format->second == "speclab certificates")
    return "holds certificates, which `speclab certify` printed, and no points";
  if (format != facts.end() && format->second == "speclab certificate trials")
    return "holds trials of certificates, which `speclab certify` printed, and no points";
  if (facts.contains("schema")) return "";
  if (file.has("/rows") && facts.contains("measured_on"))
    return "holds a figure's data, which the programs in analysis/figures draw, and no points";
  if (file.has("/emitted_count"))
    return "holds a trace, which `speclab certify --trace` reads, and no points";
  return "is an HDF5 file that this program did not write, or a damaged one";
}

// Takes a file's points, or gives what it holds instead.
std::string take(const fs::path& path, LoadedResults& results) {
  require_regular_file(path);
  if (!is_hdf5(path)) return "is no HDF5 file";
  const Hdf5Apart file(path);
  if (std::string other = other_content(file); !other.empty()) return other;
  std::vector<LoadedPoint> points = load_points(file);
  if (points.empty()) throw ConfigError(fmt::format("{}: there is no point in it", path.string()));
  std::ranges::move(points, std::back_inserter(results.points));
  return "";
}

LoadedResults load_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory())
      folders.push_back(entry.path().filename().string());
    else if (entry.path().extension() == ".h5")
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::ranges::sort(folders);
  LoadedResults results;
  for (const fs::path& file : files) {
    try {
      const std::string other = take(file, results);
      if (!other.empty()) results.remarks.push_back(fmt::format("left out: {}: it {}", file.string(), other));
    } catch (const std::runtime_error& error) {  // of this file: the others are whole
      results.remarks.push_back(fmt::format("left out: {}", error.what()));
    }
  }
  if (results.points.empty()) {
    std::string text = fmt::format("{}: there is no result file in this folder", folder.string());
    for (const std::string& remark : results.remarks) text += "; " + remark;
    if (!folders.empty())
      text += fmt::format("; its folders are: {}; a sweep's points lie in the one of its name",
                          fmt::join(folders, ", "));
    throw ConfigError(text);
  }
  return results;
}

}  // namespace

LoadedResults load_results(const fs::path& path) {
  if (fs::is_directory(path)) return load_folder(path);
  LoadedResults results;
  const std::string other = take(path, results);
  if (!other.empty()) throw ConfigError(fmt::format("{}: it {}", path.string(), other));
  return results;
}

}  // namespace speclab
