#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace speclab {

// One end of a pair of sockets between processes, over which whole messages go. Closed at its end.
class Channel {
 public:
  using Bytes = std::vector<std::uint8_t>;

  Channel() = default;
  explicit Channel(int descriptor) : descriptor_(descriptor) {}
  Channel(Channel&& other) noexcept;
  Channel& operator=(Channel&& other) noexcept;
  ~Channel();

  int descriptor() const { return descriptor_; }
  // False where the other end is gone. The other gets `along`, an open descriptor of its own, with the
  // message.
  bool send(const Bytes& message, int along = -1) const;
  bool receive(Bytes& message, int* along = nullptr) const;

 private:
  int descriptor_ = -1;
};

struct ChannelPair {
  Channel ours, theirs;
};
ChannelPair make_channel();  // throws std::system_error

}  // namespace speclab
