// Files of users: configs, prompts, catalogues, traces.
#include "analysis/certificate/trace.h"
#include "core/cost/catalogue.h"
#include "core/errors.h"
#include "experiments/config/config_file.h"
#include "experiments/point/prompt_file.h"
#include "experiments/sweep/points.h"
#include "tests/fuzz/fuzz_targets.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

const Tokenizer& small_tokenizer() {
  static const Tokenizer tokenizer = [] {
    const fs::path file = fuzz_folder() / "tokenizer.json";
    std::string vocabulary;
    for (char c = 'a'; c <= 'z'; ++c) {
      vocabulary += vocabulary.empty() ? "" : ",";
      vocabulary += "\"" + std::string(1, c) + "\":" + std::to_string(c - 'a');
    }
    write_bytes(file, R"({"added_tokens":[],"normalizer":null,"post_processor":null,"decoder":null,)"
                      R"("pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},)"
                      R"("model":{"type":"BPE","vocab":{)" +
                          vocabulary + R"(},"merges":[]}})");
    return Tokenizer::load(file);
  }();
  return tokenizer;
}

template <class Read>
void unless_refused(const Read& read) {
  try {
    read();
  } catch (const ConfigError&) {
    return;
  }
}

}  // namespace

void fuzz_experiment(std::string_view bytes) {
  const fs::path file = fuzz_folder() / "any.toml";
  write_bytes(file, bytes);
  unless_refused([&] {
    Experiment experiment = read_experiment(file);
    std::size_t size = 1;
    for (const Axis& axis : experiment.axes) size *= std::min<std::size_t>(axis.values.size(), 100);
    if (size <= 100) points(experiment);
    apply_set(experiment, "topology." + std::string(bytes.substr(0, 64)));
  });
  unless_refused([&] { load_device(file); });
  unless_refused([&] { load_shape(file); });
}

void fuzz_prompts(std::string_view bytes) {
  const fs::path file = fuzz_folder() / "any.jsonl";
  write_bytes(file, bytes);
  unless_refused(
      [&] { read_prompts(file, small_tokenizer(), small_tokenizer().vocab(), AddBos::as_tokenizer); });
}

void fuzz_trace_json(std::string_view bytes) {
  const fs::path file = fuzz_folder() / "trace.jsonl";
  write_bytes(file, bytes);
  unless_refused([&] { read_trace(file, 1); });
}

void fuzz_trace_hdf5(std::string_view bytes) {
  const fs::path file = fuzz_folder() / "trace.h5";
  write_bytes(file, bytes);
  unless_refused([&] { read_trace(file, 1); });
}

}  // namespace speclab
