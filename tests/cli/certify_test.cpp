// What `certify` answers, by exit status and by file.
#include <nlohmann/json.hpp>
#include <regex>

#include "core/results/hdf5.h"
#include "tests/cli/sweeps.h"

namespace speclab {
namespace {

class Certify : public SweepTest {
 protected:
  static Ended certify(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "certify");
    arguments.insert(arguments.end(), {"-o", "r"});
    return speclab(arguments);
  }
  static void write_config() {
    write("c.toml", R"(experiment = "e"
target = { kind = "markov", vocab = 16 }
draft = { kind = "markov", vocab = 16 }
drafter.kind = "model"
topology = { kind = "chain", length = 3 }
sampling.temperature = 1
workload = { requests = 8, max_new_tokens = 64, batch = 4 }
certify.level = 1e-6
)");
  }
};

TEST_F(Certify, AnswersByExitStatus) {
  write_config();
  const Ended lossless = certify({"c.toml", "--tokens", "20000"});
  EXPECT_EQ(lossless.status, 0) << lossless.err << lossless.out;
  EXPECT_NE(lossless.out.find("\nLOSSLESS\n"), std::string::npos) << lossless.out;
  EXPECT_NE(lossless.out.find("to the last bit"), std::string::npos) << lossless.out;
  const Ended lossy = certify({"c.toml", "--tokens", "5000", "--set", "rule.kind=greedy"});
  EXPECT_EQ(lossy.status, 1) << lossy.err;
  EXPECT_NE(lossy.out.find("\nLOSSY\n"), std::string::npos) << lossy.out;
  const Ended few = certify({"c.toml", "--tokens", "500"});
  EXPECT_EQ(few.status, 2) << few.err;
  EXPECT_NE(few.out.find("\nUNDECIDED\n"), std::string::npos) << few.out;
  EXPECT_NE(few.out.find("0.05 was asked for: about "), std::string::npos) << few.out;
  EXPECT_NE(lossless.err.find("/20000 tokens, "), std::string::npos) << lossless.err;
  EXPECT_EQ(certify({"missing.toml"}).status, 3);
}

TEST_F(Certify, ComparesTokensAtTemperatureZero) {
  write_config();
  const Ended equal = certify({"c.toml", "--set", "sampling.temperature=0"});
  EXPECT_EQ(equal.status, 0) << equal.err << equal.out;
  EXPECT_NE(equal.out.find("512 tokens after 8 prompts equal plain greedy decoding"), std::string::npos)
      << equal.out;
}

TEST_F(Certify, StopsEarlyWhenItMay) {
  write_config();
  const Ended ended =
      certify({"c.toml", "--tokens", "1000000", "--until-decided", "--set", "rule.kind=greedy"});
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_NE(ended.out.find("\n2048 tokens, "), std::string::npos) << ended.out;
}

TEST_F(Certify, WorstVerdictOfManyPoints) {
  write_config();
  const Ended ended =
      certify({"c.toml", "--tokens", "20000", "--set", "rule.kind=speculative_sampling,greedy", "--set",
               "drafter.kind=model,ngram,none"});
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_NE(ended.out.find("certificate of model chain 3, speculative_sampling"), std::string::npos)
      << ended.out;
  EXPECT_TRUE(std::regex_search(
      ended.out,
      std::regex(R"(\nLOSSLESS   0\.0\d{3} \[0\.0000, 0\.\d{4}\] +model, speculative_sampling\n)")))
      << ended.out;
  EXPECT_TRUE(std::regex_search(
      ended.out, std::regex(R"(\nLOSSY      0\.\d{4} \[0\.\d{4}, 0\.\d{4}\] +ngram, greedy\n)")))
      << ended.out;
  const Hdf5File file = Hdf5File::open("r/e-certificate.h5");
  EXPECT_EQ(file.children("/point").size(), 6u);
  EXPECT_EQ(file.get("/point/0000", "decision"), "LOSSLESS");
  EXPECT_EQ(file.size("/point/0000/statistical/histograms") % 16, 0u);
  EXPECT_GT(file.size("/point/0000/statistical/tests"), 10u);
  EXPECT_EQ(file.size("/point/0000/exact/scenarios"), 3u);
}

TEST_F(Certify, PointsThatDifferInOneThresholdAreToldApart) {
  write_config();
  const Ended ended = certify({"c.toml", "--tokens", "500", "--set", "rule.kind=typical", "--set",
                               "rule.posterior_threshold=0.1,0.9", "--set", "drafter.draw=fixed"});
  ASSERT_NE(ended.status, 3) << ended.err;
  for (const std::string threshold : {"0.1", "0.9"}) {
    EXPECT_TRUE(std::regex_search(
        ended.out, std::regex("\n[A-Z]+ +0\\.\\d{4} \\[.*\\] +posterior_threshold " + threshold + "\n")))
        << ended.out;
  }
  const Hdf5File file = Hdf5File::open("r/e-certificate.h5");
  EXPECT_EQ(file.get("/point/0001", "title"),
            "model chain 3, typical, posterior_alpha 0.3, posterior_threshold 0.9, temperature 1.0, batch 4");
  EXPECT_NE(file.get("/point/0000", "title"), file.get("/point/0001", "title"));
}

TEST_F(Certify, SaysAReasonToSkipOnce) {
  write_config();
  std::ofstream("c.toml", std::ios::app)
      << "skip_if = [{ when = { \"rule.kind\" = \"greedy\" }, reason = \"dull\" }]\n";
  const Ended ended = certify(
      {"c.toml", "--tokens", "200", "--set", "rule.kind=block,greedy", "--set", "sampling.seed=0,1,2"});
  EXPECT_NE(ended.err.find("skipped, 3 points: dull\n"), std::string::npos) << ended.err;
  EXPECT_EQ(ended.err.find("dull"), ended.err.rfind("dull")) << ended.err;
}

TEST_F(Certify, FindsControlsOut) {
  write("t.toml", R"(experiment = "t"
[certify]
seeds = 3
tokens = 20000
[sweep]
certify.control = ["", "swapped_ratio", "shared_randomness"]
)");
  const Ended ended = certify({"t.toml"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_NE(ended.out.find("shared_randomness"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("3/3"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("0/3"), std::string::npos) << ended.out;
}

TEST_F(Certify, ReadsTheLogOfAnEngine) {
  std::string log;
  for (int i = 0; i < 400; ++i) {
    log += R"({"sequence": 1, "drafted": [0], "draw": "fixed", "accepted": [0], "emitted": [0, 1], )"
           R"("target": [[0.5, 0.5], [0.5, 0.5]]})"
           "\n";
  }
  write("engine.jsonl", log);
  const Ended ended = certify({"--trace", "engine.jsonl"});
  EXPECT_EQ(ended.status, 1) << ended.err << "always the same tokens";
  EXPECT_NE(ended.out.find("what this log cannot decide"), std::string::npos) << ended.out;
  write("cut.jsonl", log.substr(0, log.size() - 20));
  const Ended cut = certify({"--trace", "cut.jsonl"});
  EXPECT_EQ(cut.status, 3);
  EXPECT_NE(cut.err.find("cut.jsonl:400"), std::string::npos) << cut.err;
}

TEST_F(Certify, RefusesWhatMakesNoSense) {
  write_config();
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "a config or --trace"},
      {{"c.toml", "--trace", "x.jsonl"}, "one of them"},
      {{"c.toml", "--tokens", "-5"},
       "certify.tokens = -5 must be at least 1 and at most 100000000 (--tokens)"},
      {{"c.toml", "--level", "2"}, "at most 0.5 (--level)"},
      {{"c.toml", "--device", "gpu"}, "(--device)"},
      {{"c.toml", "--set", "certify.tokns=5"}, "tokns"},
      {{"c.toml", "--set", "certify.control=no_residual"}, "certify.seeds"},
      {{"c.toml", "--set", "certify.control=no_residul", "--set", "certify.seeds=1"}, "no_residual"},
      {{"--trace", "none.jsonl"}, "none.jsonl"},
      {{"--trace", "none.jsonl", "--device", "cpu"}, "--device changes a config"},
      {{"--trace", "none.jsonl", "--random-weights", "llama-68m"}, "--random-weights changes a config"},
      {{"--trace", "none.jsonl", "--until-decided"}, "--until-decided"},
  };
  for (const auto& [arguments, message] : cases) {
    const Ended ended = certify(arguments);
    EXPECT_EQ(ended.status, 3) << message;
    EXPECT_EQ(lines(ended.err), 1u) << ended.err;
    EXPECT_NE(ended.err.find(message), std::string::npos) << ended.err;
  }
}

}  // namespace
}  // namespace speclab
