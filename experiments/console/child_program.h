#pragma once

#include <string>
#include <vector>

namespace speclab {

// Runs a program, by its path, to its end, with this program's input and outputs. Returns its exit status;
// 128 and the signal's number where one ended it. std::system_error where it cannot be started.
int run_child(const std::vector<std::string>& program_and_arguments);

}  // namespace speclab
