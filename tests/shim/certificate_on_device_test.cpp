// The certificate of a point whose models, distributions and rule are on the device.
#include <gtest/gtest.h>

#include <fstream>

#include "experiments/certify/certified_point.h"
#include "experiments/sweep/certify_points.h"
#include "tests/gpu/small_models.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_models.h"

namespace speclab {
namespace {

class CertificateOnDevice : public testing::Test {
 protected:
  CertificateOnDevice() {
    write_model(path("target"), "llama3", small);
    // The target's, more certain of everything.
    write_model(path("draft"), "llama3", [](LlamaConfig& config, std::vector<StoredTensor>& tensors) {
      small(config, tensors);
      set_floats(tensor(tensors, "model.norm.weight"), 2);
    });
    std::ofstream prompts(path("prompts.jsonl"));
    for (int i = 0; i < 16; ++i) prompts << "{\"text\": \"a" << i << "\"}\n";
  }
  static void small(LlamaConfig& config, std::vector<StoredTensor>& tensors) {
    const int vocab = config.vocab;
    config = smallest_config("LlamaForCausalLM");
    config.vocab = vocab;
    tensors = random_tensors(config, Dtype::bf16, 1);
  }
  std::string path(const char* name) const { return (folder_.path() / name).string(); }

  CertifiedPoint certify(const std::string& rule, double temperature, int tokens) {
    Config config;
    config.sections = {
        {"target", {{"path", path("target")}, {"device", "cuda"}}},
        {"draft", {{"path", path("draft")}}},
        {"drafter", {{"kind", "model"}}},
        {"topology", {{"kind", "layered"}, {"widths", {2, 1, 1}}}},
        {"rule", {{"kind", rule}}},
        {"sampling", {{"temperature", temperature}, {"top_k", 8}}},
        {"workload",
         {{"prompts", path("prompts.jsonl")}, {"max_new_tokens", 20}, {"batch", 16}, {"ignore_eos", true}}}};
    PointRunner runner(config, cache_);
    EXPECT_EQ(runner.target().forward({}).logits.place, Place::device);
    return certify_point(subject_of(runner), runner.settings(), "stand-in",
                         {.certificate = {.distance = 0.1}, .tokens = tokens});
  }

  TemporaryFolder folder_;
  ModelCache cache_{1};
};

TEST_F(CertificateOnDevice, ARuleIsLossless) {
  const CertifiedPoint point = certify("speculative_sampling", 0.7, 2000);
  EXPECT_EQ(point.decision, Decision::lossless) << to_text(point, nullptr);
  EXPECT_EQ(point.statistical->rows.differing, 0);
}

TEST_F(CertificateOnDevice, AControlIsLossy) {
  EXPECT_EQ(certify("greedy", 0.7, 500).statistical->certificate.decision, Decision::lossy);
}

TEST_F(CertificateOnDevice, GreedyTextIsPlainText) {
  const CertifiedPoint point = certify("greedy", 0, 0);
  EXPECT_EQ(point.decision, Decision::lossless);
  EXPECT_GT(point.greedy->tokens, 300);
  EXPECT_TRUE(point.greedy->mismatches.empty());
}

}  // namespace
}  // namespace speclab
