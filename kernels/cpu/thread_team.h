#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace speclab {

struct Share {
  int begin = 0, end = 0;
};

// The thread's part of 0 .. total, cut at multiples of `grain`.
constexpr Share share_of(int total, int grain, int thread, int threads) {
  const std::int64_t grains = (total + grain - 1) / grain;
  const auto cut = [&](int i) {
    const std::int64_t at = grains * i / threads * grain;
    return static_cast<int>(at < total ? at : total);
  };
  return {cut(thread), cut(thread + 1)};
}

// Threads that do one job together: the caller is thread 0. They wait by spinning for some
// microseconds, then sleep, so that a pass has cheap barriers and an idle or crowded machine is left alone.
// One job at a time: models may share a team, if they are called one after another.
class ThreadTeam {
 public:
  // 0: as many as SPECLAB_THREADS says (ConfigError where it is no whole number from 1 to 1024), or
  // else as there are processors.
  explicit ThreadTeam(int threads = 0);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return threads_; }

  // Calls job(thread) on every thread, and returns when all are done. The job must not throw.
  template <class Job>
  void run(const Job& job) {
    run([](const void* context, int thread) { (*static_cast<const Job*>(context))(thread); }, &job);
  }

  // Within a job: nobody goes on before everybody is here.
  void barrier();

 private:
  using Function = void (*)(const void*, int);
  void run(Function function, const void* context);
  void work(int thread);

  int threads_ = 1;
  bool running_ = false;
  Function function_ = nullptr;
  const void* context_ = nullptr;
  alignas(64) std::atomic<std::uint32_t> job_{0};      // counts the jobs
  alignas(64) std::atomic<std::uint32_t> arrived_{0};  // at the barrier of this phase
  alignas(64) std::atomic<std::uint32_t> phase_{0};    // counts the barriers
  alignas(64) std::atomic<bool> leaving_{false};
  std::vector<std::thread> workers_;
};

}  // namespace speclab
