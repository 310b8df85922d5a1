#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace speclab {

// What became of a process: said in words, "crashed (Segmentation fault)".
class ProcessEnded : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A child process that answers questions, so that whatever breaks in it breaks there: a crash, an endless
// loop or too much memory becomes an exception here. The child has this process's memory as it was, one
// thread, no open file but its channel, silent standard streams, and no way to dump core.
class Apart {
 public:
  using Bytes = std::vector<std::uint8_t>;
  // Called in the child, for each question in turn.
  using Answer = std::function<Bytes(const Bytes&)>;
  struct Limits {
    std::uint64_t memory = 0;  // bytes beyond those that this process has
    unsigned seconds = 0;      // of processor time for each question
  };

  // `start` is called in the child before any question. Throws std::system_error if there can be no child.
  Apart(const std::function<Answer()>& start, Limits limits);
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;
  ~Apart();

  // Throws ProcessEnded if the child ended instead of answering.
  Bytes ask(const Bytes& question);

 private:
  [[noreturn]] void ended();

  pid_t child_ = -1;
  int channel_ = -1;
};

}  // namespace speclab
