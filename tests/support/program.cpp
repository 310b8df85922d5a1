#include "tests/support/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace speclab {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::minutes kMax{2};

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    read = ends[0];
    write = ends[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close(read);
    if (write >= 0) close(write);
  }
  int read = -1, write = -1;
};

[[noreturn]] void become(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                         const Surroundings& surroundings, int out, int err) {
  if (!surroundings.output.empty())
    out = open(surroundings.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  for (const auto& [name, value] : surroundings.environment) setenv(name.c_str(), value.c_str(), 1);
  if (surroundings.max_file_bytes) {
    const rlimit limit{*surroundings.max_file_bytes, *surroundings.max_file_bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  if (chdir(surroundings.folder.c_str()) == 0) execv(program.c_str(), words.data());
  _exit(127);
}

// What is made or written to in a folder, from now on; -1 where none is given.
int watch(const std::filesystem::path& folder) {
  if (folder.empty()) return -1;
  const int events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (events < 0 || inotify_add_watch(events, folder.c_str(), IN_CREATE | IN_MODIFY) < 0)
    throw std::runtime_error("no watch on " + folder.string());
  return events;
}

// Appends what can be read; false at the end.
bool drain(int from, std::string& to) {
  std::array<char, 1 << 14> bytes{};
  const ssize_t count = read(from, bytes.data(), bytes.size());
  if (count > 0) to.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

}  // namespace

Ended run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                  const Surroundings& surroundings) {
  Pipe out, err;
  const Clock::time_point began = Clock::now();
  const int written =
      watch(surroundings.strike ? surroundings.strike->once_written : std::filesystem::path());
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no fork");
  if (child == 0) become(program, arguments, surroundings, out.write, err.write);
  close(std::exchange(out.write, -1));
  close(std::exchange(err.write, -1));

  Ended ended;
  std::optional<Clock::time_point> when;
  bool struck = !surroundings.strike, timed_out = false;
  std::array<pollfd, 3> open{{{out.read, POLLIN, 0}, {err.read, POLLIN, 0}, {written, POLLIN, 0}}};
  while (open[0].fd >= 0 || open[1].fd >= 0) {
    poll(open.data(), open.size(), struck ? 1000 : 1);
    for (std::size_t i = 0; i < 2; ++i) {
      if (open[i].fd >= 0 && open[i].revents != 0 && !drain(open[i].fd, i == 0 ? ended.out : ended.err))
        open[i].fd = -1;
    }
    const bool waits = written >= 0 && (open[2].revents & POLLIN) == 0;
    if (!struck && !when && !waits && ended.err.find(surroundings.strike->once_said) != std::string::npos) {
      when = Clock::now() + surroundings.strike->after;
    }
    if (!struck && when && Clock::now() >= *when) {
      kill(child, surroundings.strike->signal);
      struck = true;
    }
    if (!timed_out && Clock::now() - began > kMax) {
      kill(child, SIGKILL);
      timed_out = true;
    }
  }
  if (written >= 0) close(written);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  return ended;
}

}  // namespace speclab
