#include "experiments/console/message.h"

#include <fmt/format.h>

#include <cstdio>

#include "core/settings/printable.h"

namespace speclab {

void print_message(std::string_view text) { fmt::print(stderr, "{}\n", printable_line(text)); }

void print_note(std::string_view remark) { print_message(fmt::format("note: {}", remark)); }

}  // namespace speclab
