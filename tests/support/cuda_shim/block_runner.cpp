#include "tests/support/cuda_shim/block_runner.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/cuda_shim/control.h"
#include "tests/support/cuda_shim/device_code.h"
#include "tests/support/cuda_shim/fiber.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace cuda_shim {
namespace {

enum class Wait { none, block, warp, cluster };

struct Thread {
  Fiber* fiber = nullptr;
  uint3 index{};
  Wait wait = Wait::none;
  std::source_location where;
  unsigned mask = 0;
  bool waited = false;  // for what came before the kernel
  std::array<std::byte, kMaxExchanged> deposit{};
};

struct Block {
  uint3 index{};
  unsigned rank = 0;  // in its cluster
  std::vector<Thread> threads;
  std::vector<Deposits> exchanged;  // by warp
  std::unique_ptr<std::byte[]> shared;
  std::size_t current = 0;
  bool ended = false;
};

using Cluster = std::vector<Block>;

struct Runner {
  Order order;
  std::mt19937_64 random;
  std::deque<Fiber> fibers;
  Cluster* cluster = nullptr;
  Block* block = nullptr;
  std::exception_ptr thrown;
};

Runner& runner() {
  static Runner one;
  return one;
}

std::vector<std::size_t> in_order(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (runner().order.kind == Order::Kind::reverse) std::reverse(order.begin(), order.end());
  if (runner().order.kind == Order::Kind::shuffled) {
    std::shuffle(order.begin(), order.end(), runner().random);
  }
  return order;
}

std::string text(uint3 at) {
  return "(" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " + std::to_string(at.z) + ")";
}

std::string text(const Thread& thread) {
  const std::string name = "thread " + text(thread.index);
  if (thread.fiber->ended()) return name + " has ended";
  const std::string file = thread.where.file_name();
  const char* whom = thread.wait == Wait::block ? "block" : thread.wait == Wait::warp ? "warp" : "cluster";
  return name + " waits for its " + whom + " at " + file.substr(file.rfind('/') + 1) + ":" +
         std::to_string(thread.where.line());
}

bool same_place(const Thread& a, const Thread& b) {
  return a.where.line() == b.where.line() && a.where.column() == b.where.column() &&
         std::strcmp(a.where.file_name(), b.where.file_name()) == 0;
}

bool release_block(Block& block) {
  for (const Thread& thread : block.threads) {
    if (thread.wait != Wait::block || !same_place(thread, block.threads.front())) return false;
  }
  for (Thread& thread : block.threads) thread.wait = Wait::none;
  return true;
}

// Lets the lanes of one warp that all named each other go on.
bool release_warp(Block& block, std::size_t warp) {
  const std::size_t begin = warp * 32, end = std::min(begin + 32, block.threads.size());
  bool released = false;
  for (std::size_t first = begin; first < end; ++first) {
    const Thread& leader = block.threads[first];
    if (leader.wait != Wait::warp) continue;
    const unsigned mask = leader.mask;
    bool complete = (mask >> (first - begin) & 1u) != 0;
    if (static_cast<std::size_t>(__builtin_ctz(mask | 0x80000000u)) + begin < first)
      continue;  // was looked at
    for (std::size_t i = 0; i < 32 && complete; ++i) {
      if ((mask >> i & 1u) == 0) continue;
      if (begin + i >= end) {
        complete = false;
        break;
      }
      const Thread& thread = block.threads[begin + i];
      complete = thread.wait == Wait::warp && thread.mask == mask && same_place(thread, leader);
    }
    if (!complete) continue;
    Deposits& exchanged = block.exchanged[warp];
    for (std::size_t i = 0; i < 32; ++i) {
      if ((mask >> i & 1u) == 0) {
        exchanged[i].fill(std::byte{0xFF});
        continue;
      }
      exchanged[i] = block.threads[begin + i].deposit;
      block.threads[begin + i].wait = Wait::none;
    }
    released = true;
  }
  return released;
}

bool release_cluster(Cluster& cluster) {
  for (const Block& block : cluster) {
    for (const Thread& thread : block.threads) {
      if (thread.wait != Wait::cluster || !same_place(thread, cluster.front().threads.front())) return false;
    }
  }
  for (Block& block : cluster) {
    for (Thread& thread : block.threads) thread.wait = Wait::none;
  }
  return true;
}

bool release(Block& block) {
  if (release_block(block)) return true;
  bool released = false;
  for (std::size_t warp = 0; warp < block.exchanged.size(); ++warp) released |= release_warp(block, warp);
  return released;
}

[[noreturn]] void stuck(const Launch& launch, const Cluster& cluster) {
  const Block& block = *std::ranges::find_if(cluster, [](const Block& any) { return !any.ended; });
  const Thread* waiting = nullptr;
  for (const Thread& thread : block.threads) {
    if (!waiting && !thread.fiber->ended()) waiting = &thread;
  }
  const Thread* other = waiting;
  for (const Thread& thread : block.threads) {
    if (thread.fiber->ended() || thread.wait != waiting->wait || !same_place(thread, *waiting)) {
      other = &thread;
      break;
    }
  }
  throw KernelFault("kernel " + launch.name + ", block " + text(block.index) +
                    ": no thread can go on: " + text(*waiting) +
                    (other == waiting ? ", for lanes that are not there" : ", but " + text(*other)));
}

void start(const Launch& launch, Block& block, std::size_t first_fiber) {
  Runner& all = runner();
  const std::size_t count = std::size_t{launch.block.x} * launch.block.y * launch.block.z;
  block.threads.resize(count);
  block.exchanged.resize((count + 31) / 32);
  block.shared.reset(new std::byte[launch.shared_bytes]);
  std::memset(block.shared.get(), 0xFF, launch.shared_bytes);
  while (all.fibers.size() < first_fiber + count) all.fibers.emplace_back();
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned n = static_cast<unsigned>(i);
    Thread& thread = block.threads[i];
    thread.index = {n % launch.block.x, n / launch.block.x % launch.block.y,
                    n / (launch.block.x * launch.block.y)};
    thread.fiber = &all.fibers[first_fiber + i];
    thread.fiber->start([&launch, &block, &thread, &all] {
      try {
        launch.body();
        if (launch.early && !thread.waited) {
          throw KernelFault("kernel " + launch.name + ", block " + text(block.index) + ": thread " +
                            text(thread.index) +
                            " ends without having waited for what came before the kernel");
        }
      } catch (...) {
        all.thrown = std::current_exception();
      }
    });
  }
}

// Every thread that can, up to where it waits.
void advance(Block& block) {
  runner().block = &block;
  blockIdx = block.index;
  block.ended = true;
  for (const std::size_t i : in_order(block.threads.size())) {
    Thread& thread = block.threads[i];
    if (!thread.fiber->ended() && thread.wait == Wait::none) {
      block.current = i;
      threadIdx = thread.index;
      thread.fiber->resume();
      if (runner().thrown) std::rethrow_exception(std::exchange(runner().thrown, nullptr));
    }
    block.ended = block.ended && thread.fiber->ended();
  }
}

void run_cluster(const Launch& launch, Cluster& cluster) {
  runner().cluster = &cluster;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    const std::size_t threads = std::size_t{launch.block.x} * launch.block.y * launch.block.z;
    start(launch, cluster[i], i * threads);
  }
  while (true) {
    bool ended = true;
    for (const std::size_t i : in_order(cluster.size())) {
      if (!cluster[i].ended) advance(cluster[i]);
      ended = ended && cluster[i].ended;
    }
    if (ended) return;
    bool released = release_cluster(cluster);
    for (Block& block : cluster) released = (!block.ended && release(block)) || released;
    if (!released) stuck(launch, cluster);
  }
}

Thread& current() { return runner().block->threads[runner().block->current]; }

void suspend(Thread& thread) {
  thread.fiber->suspend();
  threadIdx = thread.index;
}

}  // namespace

void set_order(Order order) {
  runner().order = order;
  runner().random.seed(order.seed);
}

void run(const Launch& launch) {
  blockDim = launch.block;
  gridDim = launch.grid;
  const std::size_t blocks = std::size_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  for (const std::size_t i : in_order(blocks / launch.cluster)) {
    Cluster cluster(launch.cluster);
    for (unsigned rank = 0; rank < launch.cluster; ++rank) {
      const unsigned n = static_cast<unsigned>(i) * launch.cluster + rank;
      cluster[rank].index = {n % launch.grid.x, n / launch.grid.x % launch.grid.y,
                             n / (launch.grid.x * launch.grid.y)};
      cluster[rank].rank = rank;
    }
    run_cluster(launch, cluster);
  }
}

std::byte* shared_bytes() { return runner().block->shared.get(); }

void wait_for_previous() { current().waited = true; }

void wait_for_block(std::source_location where) {
  Thread& thread = current();
  thread.wait = Wait::block;
  thread.where = where;
  suspend(thread);
}

void wait_for_cluster(std::source_location where) {
  Thread& thread = current();
  thread.wait = Wait::cluster;
  thread.where = where;
  suspend(thread);
}

unsigned cluster_rank() { return runner().block->rank; }
std::byte* shared_bytes_of(unsigned rank) { return (*runner().cluster)[rank].shared.get(); }

const Deposits& exchange(unsigned mask, const void* mine, std::size_t bytes, std::source_location where) {
  Thread& thread = current();
  thread.wait = Wait::warp;
  thread.where = where;
  thread.mask = mask;
  if (bytes > 0) std::memcpy(thread.deposit.data(), mine, bytes);
  const std::size_t warp = runner().block->current / 32;
  suspend(thread);
  return runner().block->exchanged[warp];
}

unsigned lane() { return static_cast<unsigned>(runner().block->current % 32); }

}  // namespace cuda_shim
