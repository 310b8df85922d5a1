#include "core/apart.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <system_error>

namespace speclab {
namespace {

using Bytes = Apart::Bytes;

// All of them, or false where the other end is gone.
bool send_all(int channel, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = send(channel, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int channel, void* data, std::size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = recv(channel, at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool send_message(int channel, const Bytes& bytes) {
  const std::uint64_t size = bytes.size();
  return send_all(channel, &size, sizeof size) && send_all(channel, bytes.data(), bytes.size());
}

// In pieces, so that a size that is no size takes no memory.
bool receive_message(int channel, Bytes& bytes) {
  constexpr std::uint64_t kPiece = 1 << 26;
  std::uint64_t size = 0;
  if (!receive_all(channel, &size, sizeof size)) return false;
  bytes.clear();
  while (bytes.size() < size) {
    const std::size_t had = bytes.size();
    bytes.resize(had + static_cast<std::size_t>(std::min(kPiece, size - had)));
    if (!receive_all(channel, bytes.data() + had, bytes.size() - had)) return false;
  }
  return true;
}

void limit(__rlimit_resource what, rlim_t most) {
  rlimit value{};
  getrlimit(what, &value);
  value.rlim_cur = std::min(most, value.rlim_max);
  setrlimit(what, &value);
}

std::uint64_t memory_in_use() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

rlim_t seconds_used() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
}

// Leaves the process nothing to reach for but the channel, which becomes descriptor 3.
void close_all_but(int channel) {
  const int nothing = ::open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, standard);
  if (channel != STDERR_FILENO + 1) dup2(channel, STDERR_FILENO + 1);
  close_range(STDERR_FILENO + 2, ~0u, 0);
}

[[noreturn]] void serve(const std::function<Apart::Answer()>& start, Apart::Limits limits, int channel) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // An interrupt is for the parent, which ends the child; faults are to end it at once.
  std::signal(SIGINT, SIG_IGN);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU}) std::signal(fault, SIG_DFL);
  close_all_but(channel);
  channel = STDERR_FILENO + 1;
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_AS, memory_in_use() + limits.memory);
  try {
    const Apart::Answer answer = start();
    Bytes question;
    while (receive_message(channel, question)) {
      limit(RLIMIT_CPU, seconds_used() + limits.seconds + 1);
      if (!send_message(channel, answer(question))) break;
    }
  } catch (...) {
    _exit(1);
  }
  _exit(0);
}

}  // namespace

Apart::Apart(const std::function<Answer()>& start, Limits limits) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  child_ = fork();
  if (child_ == 0) serve(start, limits, ends[1]);
  const int error = errno;
  close(ends[1]);
  channel_ = ends[0];
  if (child_ < 0) {
    close(channel_);
    throw std::system_error(error, std::generic_category(), "fork");
  }
}

Apart::~Apart() {
  close(channel_);
  if (child_ < 0) return;
  kill(child_, SIGKILL);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) continue;
}

Apart::Bytes Apart::ask(const Bytes& question) {
  Bytes answer;
  if (child_ < 0 || !send_message(channel_, question) || !receive_message(channel_, answer)) ended();
  return answer;
}

void Apart::ended() {
  int status = 0;
  if (child_ >= 0) {
    kill(child_, SIGCONT);
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) continue;
  }
  child_ = -1;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) throw ProcessEnded("did not come to an end");
  if (WIFSIGNALED(status)) throw ProcessEnded(fmt::format("crashed ({})", strsignal(WTERMSIG(status))));
  throw ProcessEnded(fmt::format("ended with status {}", WEXITSTATUS(status)));
}

}  // namespace speclab
