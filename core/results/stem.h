#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "core/results/channel.h"

namespace speclab {

// A small process with one thread, which divides once for each subject; whatever breaks in a copy breaks
// there. It has the memory of the process that made it as that was then, so a copy costs what that memory is,
// however large the maker grows. Stem and copies have no open file but their channel, silent standard
// streams, and no way to dump core. A copy has a limit of processor time and of memory; it ends where its
// channel does.
class Stem {
 public:
  using Bytes = Channel::Bytes;
  // Called in a copy, for each question in turn.
  using Answer = std::function<Bytes(const Bytes&)>;
  // Called in a copy before any question.
  using Start = std::function<Answer(const Bytes& subject)>;

  // `prepare` is called in the stem, before it divides. Throws std::system_error if there can be no process.
  Stem(const std::function<void()>& prepare, const Start& start, std::uint64_t memory);
  Stem(const Stem&) = delete;
  Stem& operator=(const Stem&) = delete;
  ~Stem();

  struct Copy {
    pid_t process = -1;
    Channel channel;
  };
  // All of these may be called in several threads. `seconds` are of processor time, for all questions
  // together.
  Copy divide(const Bytes& subject, unsigned seconds);  // throws std::system_error if there can be no copy
  void end(pid_t copy);                                 // at once; what it had open is closed afterwards
  int wait(pid_t copy);  // its status as waitpid(2) gives it, once it has ended

  bool of_this_process() const;  // false in a process that was forked off the one that made it

 private:
  struct Order;
  std::int64_t order(const Order& order, const Bytes& subject, int along);

  std::mutex mutex_;
  pid_t maker_, process_ = -1;
  Channel channel_;
};

}  // namespace speclab
