#include "tests/support/cuda_shim/fiber.h"

#include <cstdint>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#else
namespace {
void __sanitizer_start_switch_fiber(void**, const void*, std::size_t) {}
void __sanitizer_finish_switch_fiber(void*, const void**, std::size_t*) {}
}  // namespace
#endif

namespace cuda_shim {

Fiber::Fiber() : stack_(new std::byte[kStackBytes]) {}

void Fiber::start(std::function<void()> body) {
  body_ = std::move(body);
  if (!ended_) entered_ = false;  // it was left in the middle of a body that failed
  ended_ = false;
}

// ucontext makes the stack; from then on plain jumps switch, as swapcontext asks the kernel for the signal
// mask each time.
void Fiber::resume() {
  if (_setjmp(outside_) == 0) {
    __sanitizer_start_switch_fiber(&fake_outside_, stack_.get(), kStackBytes);
    if (entered_) _longjmp(inside_, 1);
    entered_ = true;
    getcontext(&first_);
    first_.uc_stack.ss_sp = stack_.get();
    first_.uc_stack.ss_size = kStackBytes;
    first_.uc_link = nullptr;
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&first_, reinterpret_cast<void (*)()>(&Fiber::enter), 2, static_cast<unsigned>(self >> 32),
                static_cast<unsigned>(self));
    setcontext(&first_);
  }
  __sanitizer_finish_switch_fiber(fake_outside_, nullptr, nullptr);
}

void Fiber::suspend() {
  if (_setjmp(inside_) == 0) {
    __sanitizer_start_switch_fiber(&fake_inside_, outer_bottom_, outer_size_);
    _longjmp(outside_, 1);
  }
  __sanitizer_finish_switch_fiber(fake_inside_, &outer_bottom_, &outer_size_);
}

void Fiber::enter(unsigned high, unsigned low) {
  reinterpret_cast<Fiber*>(static_cast<std::uintptr_t>(high) << 32 | low)->run();
}

void Fiber::run() {
  __sanitizer_finish_switch_fiber(nullptr, &outer_bottom_, &outer_size_);
  for (;;) {
    body_();
    ended_ = true;
    suspend();  // until there is another body
  }
}

}  // namespace cuda_shim
