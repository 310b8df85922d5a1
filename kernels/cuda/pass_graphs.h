#pragma once

#include <algorithm>
#include <cstddef>
#include <map>

#include "kernels/cuda/runtime.h"

namespace speclab {

// Passes on their way into a stream: those of a size that comes again are captured and replayed. Passes of
// one size differ in what they find in device memory, and in nothing else.
template <class Size>
class PassGraphs {
 public:
  PassGraphs(Stream& stream, bool capture) : stream_(stream), capture_(capture) {}

  // `moves` is another number whenever passes use memory elsewhere than before: what was captured is
  // forgotten then.
  void expect(int moves) {
    if (moves != moves_) forget();
    moves_ = moves;
  }
  void forget() { known_.clear(); }
  template <class Pass>
  void run(const Size& size, const Pass& pass) {
    if (!capture_) return pass();
    Known& known = known_[size];
    if (known.seen++ == 0) return pass();
    if (!known.graph) known.graph = Graph(stream_, pass);
    known.graph.launch(stream_);
  }
  std::size_t captured() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        known_, [](const auto& known) { return static_cast<bool>(known.second.graph); }));
  }

 private:
  struct Known {
    int seen = 0;
    Graph graph;
  };

  Stream& stream_;
  bool capture_;
  int moves_ = 0;
  std::map<Size, Known> known_;
};

}  // namespace speclab
