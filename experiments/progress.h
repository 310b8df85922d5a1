#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace speclab {

// How far a sweep is: one line that is rewritten on a terminal, a plain line per point elsewhere. On
// standard error, so that what a command prints can be piped. Safe to use from several threads.
class Progress {
 public:
  explicit Progress(std::size_t total);
  ~Progress();

  void done(const std::string& what);  // one more point

 private:
  using Clock = std::chrono::steady_clock;

  std::mutex mutex_;
  std::size_t total_, done_ = 0;
  bool terminal_;
  Clock::time_point began_ = Clock::now();
};

// "41 s", "3 min 20 s", "1 h 5 min".
std::string duration_text(double seconds);

}  // namespace speclab
