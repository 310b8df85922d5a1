#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "core/errors.h"
#include "core/settings/params.h"
#include "experiments/commands/command.h"
#include "experiments/console/message.h"
#include "experiments/point/provenance.h"
#include "experiments/point/serve.h"

namespace {

using namespace speclab;

void print_help() {
  fmt::print(
      "{}\nSimulator and benchmark harness for speculative decoding.\n\nusage: speclab COMMAND [options]\n\n",
      version_line());
  for (const Command& command : commands()) fmt::print("  {:<8} {}\n", command.name, command.summary);
  fmt::print(
      "\n  speclab COMMAND --help says more; speclab --version names the build.\n\n"
      "exit status: 0 done; 1 points failed, or a lossy strategy; 2 undecided;\n"
      "             3 an error, named on standard error; 130 interrupted\n"
      "environment: SPECLAB_THREADS, 1 to 1024; SPECLAB_CPU, portable, avx2 or avx512\n");
}

int dispatch(const std::vector<std::string>& arguments, const std::string& command_line) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    print_help();
    return arguments.empty() ? 3 : 0;
  }
  if (arguments[0] == "--version") {
    fmt::print("{}\n", version_line());
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (arguments[0] == command.name)
      return command.run({arguments.begin() + 1, arguments.end()}, command_line);
    names.emplace_back(command.name);
  }
  throw ConfigError(fmt::format("'{}' is no command{}; there are: {}", arguments[0],
                                did_you_mean(arguments[0], names), fmt::join(names, ", ")));
}

}  // namespace

// 0: done; 1: some points failed, or a lossy strategy; 2: undecided; 3: an error, named on standard error;
// 130: interrupted.
int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::signal(SIGINT, [](int) {
    if (interrupt_requested()) std::_Exit(130);
    request_interrupt();
  });
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is to be an error like a full disk
  std::signal(SIGPIPE, SIG_DFL);
  try {
    const int status = dispatch(arguments, fmt::format("speclab {}", fmt::join(arguments, " ")));
    if (std::fflush(stdout) != 0)
      throw std::system_error(errno, std::generic_category(), "cannot write the output");
    return status;
  } catch (const Interrupted&) {
    print_message("speclab: interrupted; finished points are kept, run the same command again to go on");
    return 130;
  } catch (const std::bad_alloc&) {
    print_message("speclab: out of memory");
  } catch (const std::exception& e) {
    print_message(fmt::format("speclab: {}", e.what()));
  }
  return 3;
}
