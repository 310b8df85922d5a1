#pragma once

#include <memory>
#include <stdexcept>

#include "core/results/stem.h"

namespace speclab {

// What became of a process: said in words, "crashed (Segmentation fault)".
class ProcessEnded : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A copy of a stem that answers questions about its subject: a crash, an endless loop or too much memory
// becomes an exception here.
class Apart {
 public:
  using Bytes = Stem::Bytes;

  // `seconds` are of processor time, for all questions together. Throws std::system_error if there can be no
  // copy.
  Apart(std::shared_ptr<Stem> stem, const Bytes& subject, unsigned seconds);
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;
  ~Apart();

  // Throws ProcessEnded if the copy ended instead of answering.
  Bytes ask(const Bytes& question);

 private:
  [[noreturn]] void ended();

  std::shared_ptr<Stem> stem_;
  Stem::Copy copy_;
};

}  // namespace speclab
