// A whole point on the device: the shipped pair, put together as the program does it.
#include <gtest/gtest.h>

#include <fstream>

#include "core/errors.h"
#include "core/rule_decorator.h"
#include "experiments/point/point_runner.h"
#include "strategies/rules/rows_read.h"
#include "strategies/rules/speculative_sampling.h"
#include "tests/support/cuda_shim/control.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_models.h"

namespace speclab {
namespace {

using nlohmann::json;
using Texts = std::vector<std::vector<Token>>;

// Passes drafts on to a rule and notes their tokens.
class WatchedRule : public RuleDecorator {
 public:
  explicit WatchedRule(AcceptanceRule& inner) : RuleDecorator(inner) {}
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override {
    ++calls_;
    for (const Draft& draft : drafts) {
      std::vector<Token>& tokens = seen_.emplace_back();
      for (int node = 0; node < draft.size(); ++node) tokens.push_back(draft.tree().token(node));
    }
    inner_.judge(batch, drafts, target, verdicts);
  }
  const Texts& seen() const { return seen_; }
  std::size_t calls() const { return calls_; }

 private:
  Texts seen_;
  std::size_t calls_ = 0;
};

class Lent : public RowReader {
 public:
  explicit Lent(RowReader& reader) : reader_(reader) {}
  Rows read(const Rows& rows) override { return reader_.read(rows); }
  void read(std::span<Row> rows) override { reader_.read(rows); }

 private:
  RowReader& reader_;
};

class PointOnDevice : public testing::Test {
 protected:
  PointOnDevice() {
    std::ofstream(prompts()) << R"x({"text": "def add(a, b)", "kind": "code"})x"
                             << "\n"
                             << R"({"text": "The old man", "kind": "prose"})"
                             << "\n";
  }
  std::string prompts() const { return (folder_.path() / "prompts.jsonl").string(); }

  Config config(const std::string& device, double temperature, const json& drafter) const {
    Config made;
    made.sections = {
        {"target", {{"path", "configs/models/speclab-target-11m"}, {"device", device}}},
        {"draft", {{"path", "configs/models/speclab-draft-1m"}}},
        {"drafter", drafter},
        {"topology", {{"kind", "layered"}, {"widths", {2, 1}}}},
        {"sampling", {{"temperature", temperature}}},
        {"workload", {{"prompts", prompts()}, {"max_new_tokens", 5}, {"batch", 2}, {"ignore_eos", true}}},
        {"clock", {{"repeats", 1}}}};
    return made;
  }

  static Texts written(PointRunner& runner, bool plain = false, Texts* drafted = nullptr) {
    std::vector<Sequence> sequences = runner.workload().sequences();
    WatchedRule rule(runner.rule());
    if (plain) {
      runner.decode_plainly(sequences);
    } else {
      runner.decode(sequences, rule);
    }
    if (drafted) *drafted = rule.seen();
    return texts_of(sequences);
  }
  static Provenance provenance_of(const PointRunner& runner) {
    Provenance made;
    runner.describe(made);
    return made;
  }
  static Texts texts_of(const std::vector<Sequence>& sequences) {
    Texts texts;
    for (const Sequence& s : sequences) texts.push_back(s.text);
    return texts;
  }

  // From the device to the host, by step of the method.
  static std::size_t copied_per_step(PointRunner& runner) {
    std::vector<Sequence> sequences = runner.workload().sequences();
    WatchedRule rule(runner.rule());
    const std::size_t before = cuda_shim::traffic().returned_bytes;
    runner.decode(sequences, rule);
    return (cuda_shim::traffic().returned_bytes - before) / rule.calls();
  }

  TemporaryFolder folder_;
};

TEST_F(PointOnDevice, WritesWhatPlainDecodingAndTheProcessorWrite) {
  ModelCache cache(1);
  PointRunner here(config("cpu", 0, {{"kind", "model"}}), cache),
      there(config("cuda", 0, {{"kind", "model"}}), cache);
  EXPECT_EQ(there.target().forward({}).logits.place, Place::device);
  EXPECT_EQ(provenance_of(there).clock, ClockKind::cuda);
  EXPECT_EQ(provenance_of(here).clock, ClockKind::wall);
  EXPECT_EQ(provenance_of(there).judged_on, "device");
  EXPECT_EQ(provenance_of(here).judged_on, "host");
  const Texts texts = written(there);
  EXPECT_EQ(texts, written(there, true));
  EXPECT_EQ(texts, written(here));
}

// A step's answers are tokens and paths: together they are less than one row of logits.
TEST_F(PointOnDevice, OnlyScalarsCrossTheBus) {
  ModelCache cache(1);
  write_model(folder_.path() / "tiny", "gpt2");
  for (const Entry<AcceptanceRule>& rule : rules()) {
    for (const double temperature : {0.0, 1.0}) {
      Config point = config("cuda", temperature, {{"kind", "model"}, {"draw", "independent"}});
      for (const std::string name : {"target", "draft"})
        point.sections[name]["path"] = (folder_.path() / "tiny").string();
      point.sections["rule"] = {{"kind", rule.name}};
      point.sections["topology"] = {{"kind", "chain"}, {"length", 3}};
      PointRunner runner(point, cache);
      const std::size_t copied = copied_per_step(runner);
      EXPECT_GT(copied, 0u);
      EXPECT_LT(copied, static_cast<std::size_t>(runner.target().vocab()) * sizeof(float))
          << rule.name << " at " << temperature;
    }
  }
}

// A cascade's inner rule and the outer one both judge on the device.
TEST_F(PointOnDevice, DraftsWithACascade) {
  ModelCache cache(1);
  const json cascade = {{"kind", "cascade"}, {"length", 3}};
  PointRunner here(config("cpu", 0, cascade), cache), there(config("cuda", 0, cascade), cache);
  Texts drafted, drafted_there;
  EXPECT_EQ(written(here, false, &drafted), written(there, false, &drafted_there));
  EXPECT_EQ(drafted, drafted_there);
}

// Drawn guesses too, from rows on the device.
TEST_F(PointOnDevice, DecidesAlikeWhereverRowsAreRead) {
  ModelCache cache(1);
  for (const char* kind : {"model", "cascade"}) {
    Config point = config("cuda", 1, {{"kind", kind}});
    point.sections["workload"]["max_new_tokens"] = 3;
    PointRunner runner(point, cache);
    const Texts texts = written(runner);
    std::vector<Sequence> sequences = runner.workload().sequences();
    RowsRead on_the_host(std::make_unique<SpeculativeSampling>(), std::make_unique<Lent>(runner.reader()));
    runner.decode(sequences, on_the_host);
    EXPECT_EQ(texts, texts_of(sequences)) << kind;
  }
}

// Topologies that ask how sure the draft model is.
TEST_F(PointOnDevice, GrowsWhereTheProcessorGrows) {
  ModelCache cache(1);
  const json topologies[] = {{{"kind", "confident"}, {"length", 4}, {"threshold", 0.5}},
                             {{"kind", "best_first"}, {"nodes", 5}, {"depth", 3}, {"top_k", 3}},
                             {{"kind", "budgeted"}, {"length", 4}, {"budget", 5}}};
  for (const json& topology : topologies) {
    Config point = config("cpu", 0, {{"kind", "model"}, {"draw", "fixed"}});
    point.sections["topology"] = topology;
    point.sections["workload"]["max_new_tokens"] = 3;
    PointRunner here(point, cache);
    point.sections["target"]["device"] = "cuda";
    PointRunner there(point, cache);
    Texts drafted, drafted_there;
    EXPECT_EQ(written(here, false, &drafted), written(there, false, &drafted_there)) << topology;
    EXPECT_EQ(drafted, drafted_there) << topology;
  }
}

TEST_F(PointOnDevice, SaysFromWhereProductsGoThroughCublas) {
  ModelCache cache(1);
  write_model(folder_.path() / "tiny", "gpt2");
  Config fastest = config("cuda", 0, {{"kind", "model"}});
  for (const std::string name : {"target", "draft"}) {
    fastest.sections[name]["path"] = (folder_.path() / "tiny").string();
    fastest.sections[name]["products"] = "fastest";
  }
  PointRunner runner(fastest, cache);
  Provenance provenance;
  runner.describe(provenance);
  EXPECT_NE(provenance.device.find("; draft: cuBLAS "), std::string::npos) << provenance.device;
  EXPECT_NE(provenance.device.find("; target: cuBLAS "), std::string::npos) << provenance.device;
  for (const std::string name : {"target", "draft"}) fastest.sections[name].erase("products");
  const PointRunner exact(fastest, cache);
  exact.describe(provenance);
  EXPECT_EQ(provenance.device.find("cuBLAS"), std::string::npos) << provenance.device;
}

TEST_F(PointOnDevice, RefusesADraftModelThatIsSynthetic) {
  ModelCache cache(1);
  write_model(folder_.path() / "tiny", "gpt2");
  Config point = config("cuda", 0, {{"kind", "model"}});
  point.sections["target"]["path"] = (folder_.path() / "tiny").string();
  point.sections["draft"] = {{"kind", "hashed"}, {"vocab", 640}};
  EXPECT_THROW(PointRunner(point, cache), ImpossiblePoint);
  point.sections["target"]["device"] = "cpu";
  EXPECT_NO_THROW(PointRunner(point, cache));
}

TEST_F(PointOnDevice, DraftsWithHeads) {
  ModelCache cache(1);
  for (const std::string kind : {"hydra", "eagle"}) {
    const json heads = {
        {"kind", kind}, {"path", "configs/models/speclab-target-11m-" + kind}, {"draw", "fixed"}};
    PointRunner here(config("cpu", 0, heads), cache);
    const Texts texts = written(here);
    PointRunner there(config("cuda", 0, heads), cache);
    EXPECT_EQ(texts, written(there)) << kind;
  }
}

// The whole model's verdicts hide what the exit drafts, so its guesses are compared too.
TEST_F(PointOnDevice, DraftsWithAnEarlyExit) {
  ModelCache cache(1);
  const json exit = {{"kind", "early_exit"}, {"layers", 3}, {"draw", "fixed"}};
  PointRunner here(config("cpu", 0, exit), cache);
  Texts drafted;
  const Texts texts = written(here, false, &drafted);
  PointRunner there(config("cuda", 0, exit), cache);
  Texts drafted_there;
  EXPECT_EQ(texts, written(there, false, &drafted_there));
  EXPECT_EQ(drafted, drafted_there);
}

}  // namespace
}  // namespace speclab
