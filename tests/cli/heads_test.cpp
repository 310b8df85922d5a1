// Drafters on heads, as a user runs them: tables, the heads' accuracy, the result file, and refusals.
#include <gtest/gtest.h>

#include "core/results/hdf5.h"
#include "core/results/result_rows.h"
#include "tests/cli/speclab.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_heads.h"
#include "tests/support/tiny_models.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

const std::string kConfig = R"(target.path = "target"
workload.prompts = "prompts.jsonl"
workload.max_new_tokens = 20
workload.ignore_eos = true
sampling.temperature = 0
clock.repeats = 1
topology.kind = "layered"
topology.widths = [2, 1, 1]
)";

class CliHeads : public testing::Test {
 protected:
  void SetUp() override {
    fs::current_path(folder_.path());
    config_.vocab = 640;
    write("c.toml", kConfig);
    write("prompts.jsonl", "{\"text\": \"one two\"}\n{\"text\": \"three\"}\n");
    write_model("target", "gpt2");
    tiny_medusa(config_, Dtype::f32, 2, 1).write("medusa");
    tiny_hydra(config_, Dtype::f32, 2, 1).write("hydra");
    tiny_eagle(config_, Dtype::f32).write("eagle");
  }
  void TearDown() override { fs::current_path(home_); }

  static Ended run(const std::string& kind, const std::string& path, const std::string& more = "seed=1") {
    std::vector<std::string> arguments{"run", "c.toml", "--set", "drafter.kind=" + kind};
    if (!path.empty()) arguments.insert(arguments.end(), {"--set", "drafter.path=" + path});
    if (more != "seed=1") arguments.insert(arguments.end(), {"--set", more});
    return speclab(arguments);
  }
  static void expect_refused(const Ended& ended, const std::string& part) {
    EXPECT_EQ(ended.status, 3) << ended.err;
    EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
    EXPECT_EQ(lines(ended.err), 1u) << ended.err;
  }

  LlamaConfig config_ = tiny_config("LlamaForCausalLM");

 private:
  fs::path home_ = fs::current_path();
  TemporaryFolder folder_;
};

TEST_F(CliHeads, RunAndTellHowRightTheyAre) {
  for (const std::string kind : {"medusa", "hydra", "eagle"}) {
    const Ended ended = run(kind, kind);
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_NE(ended.out.find(kind + " layered"), std::string::npos) << ended.out;
    const bool heads = kind != "eagle";
    EXPECT_EQ(ended.out.find("head 2 of 36 places:  rank 1 0."),
              heads ? ended.out.find("head 2 ") : std::string::npos)
        << ended.out;
    const std::size_t end = ended.out.rfind(".h5");
    const std::size_t begin = ended.out.rfind('\n', end) + 1;
    const Hdf5File file = Hdf5File::open(ended.out.substr(begin, end + 3 - begin));
    if (!heads) {
      EXPECT_THROW(file.size("heads"), Hdf5Error);
      continue;
    }
    const std::vector<HeadRecord> rows = file.read<HeadRecord>("heads");
    ASSERT_EQ(rows.size(), 8u);  // 2 heads, 4 ranks
    EXPECT_EQ(rows[0].places,
              38);  // two texts of 20 tokens: the first has none before it that is the target's
    EXPECT_EQ(rows[4].places, 36);
  }
}

TEST_F(CliHeads, MistakesAreNamed) {
  expect_refused(run("medusa", ""), "drafter.path is required");
  expect_refused(run("medusa", "nowhere"), "nowhere");
  expect_refused(run("medusa", "hydra"), "hydra/config.json: has no 'num_heads'");
  expect_refused(run("hydra", "medusa"), "medusa/config.json: has no 'hydra_num_heads'");
  expect_refused(run("eagle", "medusa"), "medusa/config.json: has no single 'architectures' entry");
  expect_refused(run("medusa", "medusa", "drafter.heads=3"), "drafter.heads = 3, but there are 2");
  expect_refused(run("medusa", "medusa", "drafter.draw=independent"), "drafter.draw is not a setting here");
  write("c.toml", "target.kind = \"hashed\"\n");
  expect_refused(run("medusa", "medusa"), "heads sit on the hidden rows of a checkpoint");
  write("c.toml", kConfig + "price.kind = \"calibrated\"\n");
  expect_refused(run("hydra", "hydra"),
                 "times passes of language models: the target, draft models and early exits");
  expect_refused(run("eagle", "eagle"), "heads are told features");
  EXPECT_EQ(run("early_exit", "", "drafter.layers=1").status, 0);
  write("c.toml", kConfig + "price.device = \"h100-sxm\"\nprice.target = \"llama-2-7b\"\n");
  expect_refused(run("medusa", "medusa"), "price.draft is required");
  EXPECT_EQ(run("medusa", "medusa", "price.draft=medusa-vicuna-7b").status, 0);
}

TEST_F(CliHeads, AnAdapterIsNeverLeftOutInSilence) {
  for (const std::string kind : {"medusa", "hydra", "eagle"}) {
    write(kind + "/adapter_config.json", "{}");
    write(kind + "/adapter_model.safetensors", "");
    expect_refused(
        run(kind, kind),
        kind +
            ": has an adapter_config.json beside the heads' weights, and that adapter (LoRA or the "
            "like) cannot be put on: merge it");
    fs::create_directory("bare");
    fs::copy_file(kind + "/config.json", "bare/config.json", fs::copy_options::overwrite_existing);
    write("bare/adapter_config.json", "{}");
    write("bare/adapter_model.safetensors", "");
    expect_refused(run(kind, "bare"), "bare: is an adapter (LoRA or the like), not heads; merge it");
  }
}

}  // namespace
}  // namespace speclab
