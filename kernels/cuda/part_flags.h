#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "kernels/cuda/runtime.h"

namespace speclab {

// What the parts of a pass say of their logits, a word each: the least row with one that is NaN or infinite,
// or kSound. They come to the host behind the pass, which nobody waits for until they are looked at.
class PartFlags {
 public:
  static constexpr int kSoundByte = 0x7F;  // filled with it, a word is kSound, which is above all row numbers
  static constexpr std::int32_t kSound = 0x7F7F7F7F;
  struct Unsound {
    std::size_t part = 0;
    std::int32_t row = 0;
  };

  void fetch(const std::int32_t* flags, std::size_t parts, Stream& stream) {
    flags_.require(parts, "flags of a pass");
    copy_bytes(flags_.data(), flags, parts * sizeof(std::int32_t), stream);
    passed_.record(stream);
    parts_ = parts;
  }
  // Waits for the pass. The first part that is unsound, once.
  std::optional<Unsound> wait() {
    const std::size_t parts = std::exchange(parts_, 0);
    passed_.wait();
    for (std::size_t part = 0; part < parts; ++part) {
      if (flags_.data()[part] != kSound) return Unsound{part, flags_.data()[part]};
    }
    return {};
  }

 private:
  PinnedBuffer<std::int32_t> flags_;
  std::size_t parts_ = 0;
  Event passed_;
};

}  // namespace speclab
