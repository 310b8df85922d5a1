#include "kernels/cpu/thread_team.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/check.h"
#include "core/errors.h"

namespace speclab {
namespace {

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

constexpr int kSpins = 400;   // about 10 microseconds: most phases end within them
constexpr int kYields = 200;  // about 100 on an idle machine; on a crowded one others run meanwhile

// Returns when the value is no longer `old`.
void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  for (int i = 0; i < kYields; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    std::this_thread::yield();
  }
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

int threads_asked() {
  const char* text = std::getenv("SPECLAB_THREADS");
  if (!text) return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  char* end = nullptr;
  const long count = std::strtol(text, &end, 10);
  if (end == text || *end != '\0' || count < 1 || count > 1024) {
    throw ConfigError(fmt::format("SPECLAB_THREADS={}: it must be a whole number from 1 to 1024", text));
  }
  return static_cast<int>(count);
}

}  // namespace

ThreadTeam::ThreadTeam(int threads) : threads_(threads > 0 ? threads : threads_asked()) {
  for (int thread = 1; thread < threads_; ++thread) workers_.emplace_back([this, thread] { work(thread); });
}

ThreadTeam::~ThreadTeam() {
  leaving_.store(true);
  job_.fetch_add(1);
  job_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadTeam::run(Function function, const void* context) {
  SPECLAB_CHECK(!running_, "a team of threads was given a job while it had one");
  running_ = true;
  function_ = function;
  context_ = context;
  if (threads_ > 1) {
    job_.fetch_add(1, std::memory_order_release);
    job_.notify_all();
  }
  function(context, 0);
  barrier();
  running_ = false;
}

void ThreadTeam::barrier() {
  if (threads_ == 1) return;
  const std::uint32_t phase = phase_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<std::uint32_t>(threads_)) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1, std::memory_order_release);
    phase_.notify_all();
  } else {
    wait_while(phase_, phase);
  }
}

void ThreadTeam::work(int thread) {
  for (std::uint32_t seen = 0;;) {
    wait_while(job_, seen);
    ++seen;
    if (leaving_.load()) return;
    function_(context_, thread);
    barrier();
  }
}

}  // namespace speclab
