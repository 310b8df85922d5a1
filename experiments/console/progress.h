#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <set>
#include <string>

namespace speclab {

// How far a command is: one line that is rewritten on a terminal, plain lines elsewhere. On standard error,
// so that what a command prints can be piped. Safe to use from several threads.
class Progress {
 public:
  explicit Progress(std::size_t total, std::string unit = "points");
  ~Progress();

  void done(const std::string& what);  // one more
  // Each once, however often it is said: a line of its own; what a reader should know.
  void line(const std::string& text);
  void say(const std::string& remark);
  // So many by now. Plain lines come at most every few seconds, and at the end.
  void reached(std::size_t count, const std::string& what);

 private:
  using Clock = std::chrono::steady_clock;
  void show(const std::string& what);

  std::mutex mutex_;
  std::size_t total_, done_ = 0;
  std::string unit_;
  std::set<std::string> said_;
  bool terminal_;
  Clock::time_point began_ = Clock::now(), shown_ = began_;
};

// "41 s", "3 min 20 s", "1 h 5 min".
std::string duration_text(double seconds);

}  // namespace speclab
