#include "experiments/console/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <utility>

#include "core/settings/printable.h"
#include "core/settings/utf8.h"

namespace speclab {
namespace {

// Its first characters, in at most so many bytes.
std::string beginning(const std::string& line, std::size_t max) {
  std::size_t end = 0;
  while (end < line.size() && end + character_size(line[end]) <= max) end += character_size(line[end]);
  return line.substr(0, end);
}

}  // namespace

Progress::Progress(std::size_t total, std::string unit)
    : total_(total), unit_(std::move(unit)), terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (terminal_ && done_ > 0) fmt::print(stderr, "\r\x1b[K");
}

void Progress::done(const std::string& what) {
  const std::lock_guard lock(mutex_);
  ++done_;
  show(what);
}

void Progress::line(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (said_.insert(text).second)
    fmt::print(stderr, "{}{}\n", terminal_ ? "\r\x1b[K" : "", printable_line(text));
}

void Progress::say(const std::string& remark) { line("note: " + remark); }

void Progress::reached(std::size_t count, const std::string& what) {
  constexpr std::chrono::seconds kBetweenLines{5};
  const std::lock_guard lock(mutex_);
  done_ = count;
  if (terminal_ || done_ >= total_ || Clock::now() - shown_ >= kBetweenLines) show(what);
}

void Progress::show(const std::string& what) {
  shown_ = Clock::now();
  const std::size_t left = total_ > done_ ? total_ - done_ : 0;
  const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  const double rate = static_cast<double>(done_) / seconds;
  const std::string state = fmt::format("{}/{} {}, {:.3g}/s, {} left", done_, total_, unit_, rate,
                                        duration_text(static_cast<double>(left) / rate));
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}  {}", state, beginning(printable_line(what), 60));
    std::fflush(stderr);
  } else {
    fmt::print(stderr, "{}  {}\n", state, printable_line(what));
  }
}

std::string duration_text(double seconds) {
  const auto whole = std::lround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

}  // namespace speclab
