// What the program says when the device or its driver refuses, and what is kept.
#include <gtest/gtest.h>

#include <fstream>

#include "core/errors.h"
#include "experiments/commands/command.h"
#include "experiments/sweep/sweep.h"
#include "tests/gpu/small_models.h"
#include "tests/support/cuda_shim/control.h"
#include "tests/support/cuda_shim/cuda_runtime.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_models.h"

namespace speclab {
namespace {

using Tensors = std::vector<StoredTensor>;

class TroubleOnDevice : public testing::Test {
 protected:
  TroubleOnDevice() {
    cuda_shim::reset();
    write_model(path("sound"), "llama3", small);
    // Its weights are finite, what comes of them is not.
    write_model(path("unsound"), "llama3", [](LlamaConfig& config, Tensors& tensors) {
      small(config, tensors);
      set_floats(tensor(tensors, "model.norm.weight"), 3e38f);
    });
    std::ofstream(path("prompts.jsonl")) << "{\"text\": \"a b\"}\n{\"text\": \"b c d\"}\n";
  }
  ~TroubleOnDevice() override { cuda_shim::reset(); }

  static void small(LlamaConfig& config, Tensors& tensors) {
    const int vocab = config.vocab;
    config = smallest_config("LlamaForCausalLM");
    config.vocab = vocab;
    tensors = random_tensors(config, Dtype::bf16, 1);
  }
  std::string path(const char* name) const { return (folder_.path() / name).string(); }

  // With one axis.
  Experiment experiment(const std::string& key, const std::string& values) const {
    std::ofstream(path("c.toml"))
        << "experiment = \"e\"\n[target]\npath = \"" << path("sound")
        << "\"\ndevice = \"cuda\"\n[drafter]\nkind = \"ngram\"\n[workload]\nprompts = \""
        << path("prompts.jsonl") << "\"\nmax_new_tokens = 4\nignore_eos = true\n[clock]\nrepeats = 1\n";
    Experiment made = read_experiment(path("c.toml"));
    apply_set(made, key + "=" + values);
    return made;
  }
  // The sweep's outcome, and what it said of each point, a line each.
  SweepOutcome sweep(const std::string& key, const std::string& values) {
    testing::internal::CaptureStderr();
    try {
      const SweepOutcome outcome = run_sweep(experiment(key, values), {folder_.path() / "r", 0, ""});
      said_ = testing::internal::GetCapturedStderr();
      return outcome;
    } catch (...) {
      said_ = testing::internal::GetCapturedStderr();
      throw;
    }
  }
  std::string refusal() {
    try {
      sweep("workload.batch", "1");
    } catch (const ConfigError& error) {
      EXPECT_EQ(said_, "");
      return error.what();
    }
    return "";
  }
  static std::string listed() {
    testing::internal::CaptureStdout();
    list_command({"devices"}, "");
    const std::string all = testing::internal::GetCapturedStdout();
    return all.substr(all.find("devices of this machine"));
  }
  void expect_said(const std::string& what) const { EXPECT_NE(said_.find(what), std::string::npos) << said_; }

  TemporaryFolder folder_;
  std::string said_;
};

TEST_F(TroubleOnDevice, NoDevice) {
  cuda_shim::set_driver({.error = cudaErrorNoDevice, .devices = 0});
  EXPECT_EQ(refusal(),
            "there is no usable CUDA device: no CUDA-capable device is detected (speclab list devices)");
  EXPECT_EQ(listed(), "devices of this machine\n  CUDA: no CUDA-capable device is detected\n\n");
  cuda_shim::set_driver({.devices = 0});
  EXPECT_EQ(refusal(), "there is no CUDA device (speclab list devices)");
  EXPECT_EQ(listed(), "devices of this machine\n  CUDA: there is no device\n\n");
}

TEST_F(TroubleOnDevice, OldDriver) {
  cuda_shim::set_driver({.error = cudaErrorInsufficientDriver, .devices = 0});
  EXPECT_EQ(
      refusal(),
      "there is no usable CUDA device: CUDA driver version is insufficient for CUDA runtime version (speclab "
      "list devices)");
  EXPECT_EQ(
      listed(),
      "devices of this machine\n  CUDA: CUDA driver version is insufficient for CUDA runtime version\n\n");
}

TEST_F(TroubleOnDevice, OldDevice) {
  EXPECT_EQ(listed(),
            "devices of this machine\n  the host, through the shim\n    compute capability 9.0, 4 GB, 3328 "
            "GB/s, 132 "
            "multiprocessors\n\n");
  cuda_shim::set_driver({.compute_major = 7, .compute_minor = 5});
  EXPECT_EQ(refusal(),
            "the host, through the shim has compute capability 7.5, but 8.0 is the least (bf16 products)");
  EXPECT_NE(listed().find("132 multiprocessors; too old for models, which need 8.0\n"), std::string::npos)
      << listed();
}

TEST_F(TroubleOnDevice, NoRoomForAModel) {
  cuda_shim::set_memory_bytes(cuda_shim::memory_in_use() + 4096);
  const SweepOutcome outcome = sweep("target.device", "cpu,cuda");
  EXPECT_EQ(outcome.ran, 1);
  EXPECT_EQ(outcome.failed, 1);
  expect_said("failed: out of device memory: a model's weights needs 0.1 MiB, but 0.0 of the device's");
  cuda_shim::set_memory_bytes(std::size_t{4} << 30);
  const SweepOutcome again = sweep("target.device", "cpu,cuda");
  EXPECT_EQ(again.kept, 1) << "of the processor";
  EXPECT_EQ(again.ran, 1) << "what failed is run again";
}

TEST_F(TroubleOnDevice, NoRoomInAPass) {
  sweep("workload.max_new_tokens", "3");
  const std::size_t little = cuda_shim::max_memory_used();
  sweep("workload.max_new_tokens", "140");
  const std::size_t much = cuda_shim::max_memory_used();
  ASSERT_LT(little, much);
  cuda_shim::set_memory_bytes((little + much) / 2);
  const SweepOutcome outcome = sweep("workload.max_new_tokens", "4,139,5");
  EXPECT_EQ(outcome.ran, 2);
  EXPECT_EQ(outcome.failed, 1);
  expect_said("failed: out of device memory: ");
}

// As with large models, a pass needs less than the weights.
TEST_F(TroubleOnDevice, RoomForOneModelAtATime) {
  for (const char* name : {"one", "other"}) {
    write_model(path(name), "llama3", [](LlamaConfig& config, Tensors& tensors) {
      small(config, tensors);
      config.layers = 3;
      config.hidden = 400;
      config.intermediate = 400;
      tensors = random_tensors(config, Dtype::bf16, 1);
    });
  }
  sweep("target.path", path("one"));
  cuda_shim::set_memory_bytes(cuda_shim::max_memory_used() + (std::size_t{1} << 20));
  const SweepOutcome outcome = sweep("target.path", path("one") + "," + path("other") + "," + path("sound"));
  EXPECT_EQ(outcome.ran, 2) << said_;
  EXPECT_EQ(outcome.kept, 1);
}

TEST_F(TroubleOnDevice, LogitsThatAreNoNumbers) {
  const SweepOutcome outcome =
      sweep("target.path", path("sound") + "," + path("unsound") + "," + path("sound"));
  EXPECT_EQ(outcome.ran, 1);
  EXPECT_EQ(outcome.failed, 1);
  expect_said("failed: row 0 of the pass has a logit that is NaN or infinite");
}

}  // namespace
}  // namespace speclab
