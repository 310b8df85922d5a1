#include "tests/fuzz/fuzz_targets.h"

#include <unistd.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

constexpr FuzzTarget kTargets[] = {
    {"safetensors", fuzz_safetensors},
    {"index", fuzz_index},
    {"tokenizer", fuzz_tokenizer},
    {"model_config", fuzz_model_config},
    {"experiment", fuzz_experiment},
    {"prompts", fuzz_prompts},
    {"medusa", fuzz_medusa},
    {"hydra", fuzz_hydra},
    {"eagle", fuzz_eagle},
    {"trace_json", fuzz_trace_json},
    {"trace_hdf5", fuzz_trace_hdf5},
    {"trace_values", fuzz_trace_values},
    {"result_file", fuzz_result_file},
    {"result_values", fuzz_result_values},
};

}  // namespace

std::span<const FuzzTarget> fuzz_targets() { return kTargets; }

const std::filesystem::path& fuzz_folder() {
  static const TemporaryFolder folder;
  return folder.path();
}

void write_bytes(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

TwoFiles two_files(std::string_view bytes) {
  const std::size_t end = bytes.find('\0');
  if (end == std::string_view::npos) return {bytes, {}};
  return {bytes.substr(0, end), bytes.substr(end + 1)};
}

}  // namespace speclab
