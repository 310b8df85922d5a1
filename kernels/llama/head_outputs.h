#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/models/checkpoint/tensor_files.h"
#include "core/settings/json_settings.h"

namespace speclab {

// How folders spell the output matrix of head i, without '.weight'. `layers`: of each head.
std::vector<std::string> medusa_outputs(int i, int layers);
std::vector<std::string> hydra_outputs(int i);
// And one for all heads, as vLLM has it.
std::vector<std::string> shared_outputs();

int medusa_layers(const JsonSettings& settings);

// The rows of the first output that is there, of either kind; 0: there is none.
std::int64_t rows_of_outputs(const TensorFiles& files, const JsonSettings& settings);

// The weights of Medusa's or Hydra's heads, as authors name the file.
TensorFiles head_files(const std::filesystem::path& directory);

}  // namespace speclab
