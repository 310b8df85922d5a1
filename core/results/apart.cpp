#include "core/results/apart.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <utility>

namespace speclab {

Apart::Apart(std::shared_ptr<Stem> stem, const Bytes& subject, unsigned seconds)
    : stem_(std::move(stem)), copy_(stem_->divide(subject, seconds)) {}

Apart::~Apart() {
  if (copy_.process >= 0) stem_->end(copy_.process);
}

Apart::Bytes Apart::ask(const Bytes& question) {
  Bytes answer;
  if (copy_.process < 0 || !copy_.channel.send(question) || !copy_.channel.receive(answer)) ended();
  return answer;
}

void Apart::ended() {
  const pid_t process = std::exchange(copy_.process, -1);
  const int status = process >= 0 ? stem_->wait(process) : 0;
  if (status < 0) throw ProcessEnded("ended");
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) throw ProcessEnded("did not come to an end");
  if (WIFSIGNALED(status)) throw ProcessEnded(fmt::format("crashed ({})", strsignal(WTERMSIG(status))));
  throw ProcessEnded(fmt::format("ended with status {}", WEXITSTATUS(status)));
}

}  // namespace speclab
