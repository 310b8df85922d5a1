#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace speclab {

// Calls a worker with 0 .. count - 1, each once, on so many threads, of which each makes a worker of its own.
// What a worker throws ends all of them, and the first of it is thrown again.
template <class MakeWorker>
void on_threads(int threads, std::size_t count, const MakeWorker& make_worker) {
  std::atomic<std::size_t> next{0};
  std::mutex failing;
  std::exception_ptr failure;
  const auto run = [&] {
    try {
      auto worker = make_worker();
      for (std::size_t i = next++; i < count; i = next++) worker(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(failing);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  const std::size_t useful = std::min(static_cast<std::size_t>(std::max(threads, 1)), count);
  for (std::size_t i = 1; i < useful; ++i) others.emplace_back(run);
  run();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace speclab
