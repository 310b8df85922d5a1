#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace speclab {

// Every attribute ("/point/KEY/settings@topology.length") and every dataset's type, size and bytes
// ("/points") of a file, except those of /provenance groups: what may not depend on when, where and how often
// a program ran.
std::map<std::string, std::string> hdf5_facts(const std::filesystem::path& file);

}  // namespace speclab
