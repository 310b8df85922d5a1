#pragma once

#include <map>
#include <string>
#include <vector>

namespace speclab {

// Static trees that were published with a method, by name, as the rank paths of Paths. Two projects call
// different trees mc_sim_7b_63; here that is Medusa's.
const std::map<std::string, std::vector<std::vector<int>>>& published_trees();

}  // namespace speclab
