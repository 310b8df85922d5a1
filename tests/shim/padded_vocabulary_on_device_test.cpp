// Rows that are padded differently, on the device: the shipped pair writes what it writes without padding,
// there and on the processor.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/models/checkpoint/float16.h"
#include "core/models/checkpoint/safetensors.h"
#include "experiments/point/point_runner.h"
#include "tests/support/project_files.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_checkpoint.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Texts = std::vector<std::vector<Token>>;

constexpr int kTokens = 4096, kRows = 4160;

// Appends rows that are eight times the first ones, so that their scores would often be the largest.
void pad_rows(StoredTensor& table) {
  const std::size_t row = table.bytes.size() / kTokens;
  table.shape[0] = kRows;
  std::vector<std::byte> more(table.bytes.begin(),
                              table.bytes.begin() + static_cast<std::ptrdiff_t>(row * (kRows - kTokens)));
  for (std::size_t at = 0; at < more.size(); at += 2) {
    std::uint16_t bits;
    std::memcpy(&bits, more.data() + at, 2);
    bits = bf16_of(8 * float_of_bf16(bits));
    std::memcpy(more.data() + at, &bits, 2);
  }
  table.bytes.insert(table.bytes.end(), more.begin(), more.end());
}

void write_padded(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const char* name : {"tokenizer.json", "generation_config.json"}) {
    if (fs::exists(from / name)) fs::copy_file(from / name, to / name);
  }
  std::ifstream stream(from / "config.json");
  json config = json::parse(stream);
  ASSERT_EQ(config["vocab_size"], kTokens);
  config["vocab_size"] = kRows;
  std::ofstream(to / "config.json") << config;
  const Safetensors file(from / "model.safetensors");
  std::vector<StoredTensor> tensors;
  for (const std::string& name : file.names()) {
    const Tensor found = file.tensor(name);
    ASSERT_EQ(found.dtype, Dtype::bf16);
    StoredTensor& tensor = tensors.emplace_back(StoredTensor{name, found.dtype, found.shape, {}});
    tensor.bytes.assign(found.data, found.data + found.elements() * 2);
    if (found.shape[0] == kTokens) pad_rows(tensor);
  }
  write_safetensors(to / "model.safetensors", tensors);
}

class PaddedVocabularyOnDevice : public testing::Test {
 protected:
  PaddedVocabularyOnDevice() {
    write_padded(shipped("target-11m"), path("target"));
    write_padded(shipped("draft-1m"), path("draft"));
    std::ofstream(path("prompts.jsonl")) << "{\"text\": \"def add(a, b)\"}\n{\"text\": \"The old man\"}\n";
  }
  static std::string shipped(const std::string& name) {
    return (project_files() / "configs/models" / ("speclab-" + name)).string();
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  Texts written(const std::string& device, const std::string& target, const json& drafter,
                const std::string& draft, double temperature) {
    Config point;
    point.sections = {
        {"target", {{"path", target}, {"device", device}}},
        {"drafter", drafter},
        {"topology", {{"kind", "layered"}, {"widths", {2, 1}}}},
        {"sampling", {{"temperature", temperature}}},
        {"workload",
         {{"prompts", path("prompts.jsonl")}, {"max_new_tokens", 5}, {"batch", 2}, {"ignore_eos", true}}},
        {"clock", {{"repeats", 1}}}};
    if (!draft.empty()) point.sections["draft"] = {{"path", draft}};
    PointRunner runner(point, cache_);
    EXPECT_EQ(runner.target().vocab(), kTokens);
    std::vector<Sequence> sequences = runner.workload().sequences();
    runner.decode(sequences, runner.rule());
    Texts texts;
    for (const Sequence& sequence : sequences) texts.push_back(sequence.text);
    return texts;
  }

  TemporaryFolder folder_;
  ModelCache cache_{1};
};

// At temperature 1 rows that differ from the processor's in their last bits may draw another token, so there
// each is compared with itself.
TEST_F(PaddedVocabularyOnDevice, APairWritesWhatItWritesWithoutPadding) {
  const json model = {{"kind", "model"}};
  const std::string target = shipped("target-11m"), draft = shipped("draft-1m");
  for (const double temperature : {0.0, 1.0}) {
    const Texts processors = written("cpu", target, model, draft, temperature);
    for (const char* device : {"cpu", "cuda"}) {
      const Texts plain = written(device, target, model, draft, temperature);
      if (temperature == 0) {
        EXPECT_EQ(plain, processors);
      }
      SCOPED_TRACE(std::string(device) + " at " + std::to_string(temperature));
      EXPECT_EQ(written(device, path("target"), model, draft, temperature), plain);
      EXPECT_EQ(written(device, target, model, path("draft"), temperature), plain);
    }
  }
}

TEST_F(PaddedVocabularyOnDevice, HeadsOnAPaddedTargetWriteWhatTheyWriteWithout) {
  for (const std::string kind : {"medusa", "eagle3"}) {
    const json heads = {{"kind", kind == "medusa" ? kind : "eagle"}, {"path", shipped("target-11m-" + kind)}};
    const Texts plain = written("cpu", shipped("target-11m"), heads, "", 0);
    for (const char* device : {"cpu", "cuda"})
      EXPECT_EQ(written(device, path("target"), heads, "", 0), plain) << device;
  }
}

}  // namespace
}  // namespace speclab
