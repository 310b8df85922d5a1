#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace speclab {

// Hands bytes to what the program reads files with. It returns where they are read or refused as a user's or
// a file's mistake; whatever else is thrown, crashes or never ends is a fault of the program.
struct FuzzTarget {
  const char* name;
  void (*run)(std::string_view bytes);
};

std::span<const FuzzTarget> fuzz_targets();

// Of this process; removed at its end.
const std::filesystem::path& fuzz_folder();
void write_bytes(const std::filesystem::path& file, std::string_view bytes);

// Of an input of two files: what lies before and after the first zero byte.
struct TwoFiles {
  std::string_view first, second;
};
TwoFiles two_files(std::string_view bytes);

// By kind of file; fuzz_targets lists them all.
void fuzz_safetensors(std::string_view bytes);   // model.safetensors
void fuzz_index(std::string_view bytes);         // model.safetensors.index.json beside two shards
void fuzz_tokenizer(std::string_view bytes);     // tokenizer.json, then a prompt
void fuzz_model_config(std::string_view bytes);  // config.json, then generation_config.json
void fuzz_experiment(std::string_view bytes);    // a TOML config, its points and devices' files
void fuzz_prompts(std::string_view bytes);       // a JSON Lines file of prompts
void fuzz_medusa(std::string_view bytes);        // config.json, then model.safetensors
void fuzz_hydra(std::string_view bytes);
void fuzz_eagle(std::string_view bytes);
void fuzz_trace_json(std::string_view bytes);
void fuzz_trace_hdf5(std::string_view bytes);     // through the HDF5 library, in a process of its own
void fuzz_trace_values(std::string_view bytes);   // what a sound HDF5 trace might hold
void fuzz_result_file(std::string_view bytes);    // likewise: load and report
void fuzz_result_values(std::string_view bytes);  // load and report of what a sound HDF5 file might hold

}  // namespace speclab
