#include "experiments/point/provenance.h"

#include <H5public.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>
#include <thread>

#include "build_info.h"

namespace speclab {
namespace {

// The value of the first "name : value" line of a file, or "unknown".
std::string field(const char* file, const std::string& name, char separator) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    const auto at = line.find(separator);
    if (at == std::string::npos || line.compare(0, name.size(), name) != 0) continue;
    const auto from = line.find_first_not_of(" \t\"", at + 1);
    if (from == std::string::npos) continue;
    return line.substr(from, line.find_last_not_of(" \t\"") - from + 1);
  }
  return "unknown";
}

}  // namespace

Provenance provenance(const std::string& command_line) {
  Provenance p;
  p.version = kVersion;
  p.git_commit = kGitCommit;
  p.dirty = kGitDirty;
  p.compiler = __VERSION__;
#if defined(__clang__)
  p.compiler = "clang " + p.compiler;
#elif defined(__GNUC__)
  p.compiler = "gcc " + p.compiler;
#endif
  p.build_type = kBuildType;
  p.cpu = field("/proc/cpuinfo", "model name", ':');
  p.cores = static_cast<int>(std::thread::hardware_concurrency());
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0) p.host = host.data();
  utsname system{};
  if (uname(&system) == 0)
    p.os = field("/etc/os-release", "PRETTY_NAME", '=') + ", " + system.sysname + " " + system.release;
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  p.libraries["hdf5"] = fmt::format("{}.{}.{}", major, minor, release);
  p.libraries["fmt"] =
      fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
  p.started_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  p.command_line = command_line;
  return p;
}

std::string version_line() {
  return fmt::format("speclab {} (git {}{})", kVersion, kGitCommit, kGitDirty ? ", with local changes" : "");
}

}  // namespace speclab
