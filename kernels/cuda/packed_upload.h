#pragma once

#include <cstring>

#include "kernels/cuda/runtime.h"

namespace speclab {

// Several arrays that reach the device with one copy: lay them out, fill them, send.
class PackedUpload {
 public:
  // Where an array of T begins, in bytes.
  template <class T>
  struct At {
    std::size_t offset = 0;
  };

  void begin() {
    sent_.wait();  // the last copy still reads the host's side
    end_ = 0;
  }
  template <class T>
  At<T> add(std::size_t count) {
    const At<T> at{end_};
    end_ = (end_ + count * sizeof(T) + 15) / 16 * 16;
    return at;
  }
  // After the last `add`: everything is zero.
  void lay_out() {
    const std::size_t room = end_ <= device_.size() ? device_.size() : end_ + end_ / 2;
    host_.require(room, "the plan of a pass, on the host");
    device_.require(room, "the plan of a pass");
    std::memset(host_.data(), 0, end_);
  }
  int moves() const { return device_.moves(); }  // how often the device's side went to other memory
  template <class T>
  T* host(At<T> at) {
    return reinterpret_cast<T*>(host_.data() + at.offset);
  }
  template <class T>
  T* device(At<T> at) const {
    return reinterpret_cast<T*>(device_.data() + at.offset);
  }
  void send(Stream& stream) {
    copy_bytes(device_.data(), host_.data(), end_, stream);
    sent_.record(stream);
  }

 private:
  PinnedBuffer<std::byte> host_;
  DeviceBuffer<std::byte> device_;
  Event sent_;
  std::size_t end_ = 0;
};

}  // namespace speclab
