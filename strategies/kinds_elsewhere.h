#pragma once

#include <span>
#include <string>
#include <string_view>

namespace speclab {

// The one of `kinds` that other tools and papers call `kind`, in whatever case; empty where none is known.
std::string kind_elsewhere(std::string_view kind, std::span<const std::string> kinds);

}  // namespace speclab
