#include "core/results/stem.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <system_error>

namespace speclab {

struct Stem::Order {
  enum Kind : std::int64_t { divide, end, wait } kind;
  std::int64_t process = -1;
  std::uint64_t seconds = 0;
};

namespace {

using Bytes = Stem::Bytes;

constexpr int kChannel = STDERR_FILENO + 1;  // of a stem and of a copy

void limit(__rlimit_resource what, rlim_t max) {
  rlimit value{};
  getrlimit(what, &value);
  value.rlim_cur = std::min(max, value.rlim_max);
  setrlimit(what, &value);
}

std::uint64_t memory_in_use() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// Leaves the process nothing to reach for but the channel.
void close_all_but(int channel) {
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, standard);
  if (channel != kChannel) dup2(channel, kChannel);
  close_range(kChannel + 1, ~0u, 0);
}

// An interrupt is for the maker, which ends stem and copies; faults are to end a copy at once.
void reset_signals() {
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU}) std::signal(fault, SIG_DFL);
}

[[noreturn]] void serve(const Stem::Start& start, const Bytes& subject, std::uint64_t seconds,
                        std::uint64_t memory, int descriptor) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close_all_but(descriptor);
  const Channel channel(kChannel);
  limit(RLIMIT_CPU, seconds);
  limit(RLIMIT_AS, memory);
  try {
    const Stem::Answer answer = start(subject);
    Bytes question;
    while (channel.receive(question)) {
      if (!channel.send(answer(question))) break;
    }
  } catch (...) {
    _exit(1);
  }
  _exit(0);
}

template <class Value>
Bytes bytes_of(const Value& value) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(&value);
  return {begin, begin + sizeof value};
}

template <class Value>
Value value_of(const Bytes& bytes) {
  Value value{};
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
  return value;
}

int status_of(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

}  // namespace

Stem::Stem(const std::function<void()>& prepare, const Start& start, std::uint64_t memory)
    : maker_(getpid()) {
  ChannelPair pair = make_channel();
  process_ = fork();
  if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  channel_ = std::move(pair.ours);
  if (process_ > 0) return;
  reset_signals();
  close_all_but(pair.theirs.descriptor());
  const Channel channel(kChannel);
  limit(RLIMIT_CORE, 0);
  prepare();
  const std::uint64_t max = memory_in_use() + memory;
  Bytes bytes;
  for (int along = -1; channel.receive(bytes, &along);) {
    const auto order = value_of<Order>(bytes);
    std::int64_t reply = 0;
    if (order.kind == Order::divide) {
      const Bytes subject(bytes.begin() + sizeof order, bytes.end());
      const pid_t copy = fork();
      if (copy == 0) serve(start, subject, order.seconds, max, along);
      reply = copy < 0 ? -errno : copy;
      close(along);
    } else {
      const auto copy = static_cast<pid_t>(order.process);
      kill(copy, order.kind == Order::end ? SIGKILL : SIGCONT);
      reply = status_of(copy);
    }
    if (!channel.send(bytes_of(reply))) break;
  }
  _exit(0);
}

Stem::~Stem() {
  if (!of_this_process()) return;
  kill(process_, SIGKILL);
  status_of(process_);
}

bool Stem::of_this_process() const { return maker_ == getpid(); }

std::int64_t Stem::order(const Order& order, const Bytes& subject, int along) {
  Bytes bytes(sizeof order + subject.size());
  std::memcpy(bytes.data(), &order, sizeof order);
  if (!subject.empty()) std::memcpy(bytes.data() + sizeof order, subject.data(), subject.size());
  const std::lock_guard lock(mutex_);
  if (!channel_.send(bytes, along)) return -ECHILD;
  return channel_.receive(bytes) ? value_of<std::int64_t>(bytes) : -ECHILD;
}

Stem::Copy Stem::divide(const Bytes& subject, unsigned seconds) {
  ChannelPair pair = make_channel();
  const std::int64_t copy =
      order({.kind = Order::divide, .process = -1, .seconds = seconds}, subject, pair.theirs.descriptor());
  if (copy < 0) throw std::system_error(static_cast<int>(-copy), std::generic_category(), "fork");
  return {static_cast<pid_t>(copy), std::move(pair.ours)};
}

void Stem::end(pid_t copy) { order({.kind = Order::end, .process = copy}, {}, -1); }

int Stem::wait(pid_t copy) { return static_cast<int>(order({.kind = Order::wait, .process = copy}, {}, -1)); }

}  // namespace speclab
