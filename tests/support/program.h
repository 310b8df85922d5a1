#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace speclab {

// A signal to the running program.
struct Strike {
  int signal = 0;
  std::string once_said{};             // not before standard error has this; "": from the start
  std::chrono::milliseconds after{0};  // and this much later
  std::filesystem::path
      once_written{};  // not before a file in this folder is made or written to; "": at once
};

struct Surroundings {
  std::filesystem::path folder = ".";
  std::map<std::string, std::string> environment{};  // beside the test's own
  std::optional<std::uint64_t> max_file_bytes{};     // RLIMIT_FSIZE
  std::filesystem::path output{};                    // where standard output goes; empty: captured
  std::optional<Strike> strike{};
};

struct Ended {
  int status = -1;  // the exit status; -1 where a signal ended it
  int signal = 0;
  std::string out, err;
};

// Runs a program to its end, which comes by SIGKILL after two minutes.
Ended run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                  const Surroundings& surroundings = {});

}  // namespace speclab
