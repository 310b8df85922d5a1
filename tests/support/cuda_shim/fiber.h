#pragma once

#include <ucontext.h>

#include <csetjmp>
#include <cstddef>
#include <functional>
#include <memory>

namespace cuda_shim {

// A function with a stack of its own that can stop in its middle and go on later.
class Fiber {
 public:
  static constexpr std::size_t kStackBytes = std::size_t{64} << 10;

  Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // `body` must not throw; a fiber that stands in the middle of another body forgets it.
  void start(std::function<void()> body);
  void resume();   // until the body suspends or ends
  void suspend();  // called within the body
  bool ended() const { return ended_; }

 private:
  static void enter(unsigned high, unsigned low);
  [[noreturn]] void run();

  std::unique_ptr<std::byte[]> stack_;
  std::function<void()> body_;
  ucontext_t first_{};
  std::jmp_buf inside_{}, outside_{};
  bool entered_ = false, ended_ = true;
  // What the address sanitizer wants to know of stacks.
  void* fake_inside_ = nullptr;
  void* fake_outside_ = nullptr;
  const void* outer_bottom_ = nullptr;
  std::size_t outer_size_ = 0;
};

}  // namespace cuda_shim
