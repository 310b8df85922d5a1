#include "experiments/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace speclab {

Progress::Progress(std::size_t total) : total_(total), terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (terminal_ && done_ > 0) fmt::print(stderr, "\r\x1b[K");
}

void Progress::done(const std::string& what) {
  const std::lock_guard lock(mutex_);
  ++done_;
  const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  const double rate = static_cast<double>(done_) / seconds;
  const std::string state = fmt::format("{}/{} points, {:.3g}/s, {} left", done_, total_, rate,
                                        duration_text(static_cast<double>(total_ - done_) / rate));
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}  {}", state, what.substr(0, 60));
    std::fflush(stderr);
  } else {
    fmt::print(stderr, "{}  {}\n", state, what);
  }
}

std::string duration_text(double seconds) {
  const auto whole = std::lround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

}  // namespace speclab
