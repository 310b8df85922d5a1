// What a sweep runs, keeps, redoes, skips and reports as failed.
#include <limits>
#include <nlohmann/json.hpp>

#include "core/results/hdf5_recorder.h"
#include "core/settings/printable.h"
#include "tests/cli/sweeps.h"
#include "tests/support/foreign_hdf5.h"
#include "tests/support/tiny_models.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

const std::string kSmall = "experiment = \"e\"\n" + kSynthetic + R"(workload.max_new_tokens = 40
[sweep]
topology.length = [1, 2, 3]
sampling.seed = [0, 1]
)";

class Sweep : public SweepTest {
 protected:
  static std::vector<PointStatus> statuses(const fs::path& folder) {
    std::vector<PointStatus> all;
    for (const fs::path& file : files(folder)) all.push_back(point_status(file).value());
    return all;
  }
  static long count(const std::vector<PointStatus>& all, std::string_view status) {
    return std::ranges::count(all, status, &PointStatus::status);
  }
  static void expect_said(const Ended& ended, const std::string& fragment) {
    EXPECT_NE(ended.err.find(fragment), std::string::npos)
        << '"' << fragment << "\" is not in: " << ended.err;
  }
};

TEST_F(Sweep, RunAgainRunsNothing) {
  write("c.toml", kSmall);
  const Ended first = sweep("r");
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.out, "r/e.h5\n");
  const auto before = fs::last_write_time(files("r/e").front());
  const auto facts = hdf5_facts("r/e.h5");
  const Ended again = sweep("r");
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(again.err, "0 points ran, 6 were there already\n");
  EXPECT_EQ(fs::last_write_time(files("r/e").front()), before);
  EXPECT_TRUE(facts == hdf5_facts("r/e.h5"));
}

TEST_F(Sweep, ALongerAxisRunsOnlyWhatIsNew) {
  write("c.toml", kSmall);
  ASSERT_EQ(sweep("r").status, 0);
  const Ended longer = sweep("r", {"--set", "topology.length=1..4"});
  EXPECT_EQ(longer.status, 0);
  expect_said(longer, "2 points ran, 6 were there already\n");
}

TEST_F(Sweep, PointsThatDifferOnlyInWhatTheyDoNotUseRunOnce) {
  write(
      "c.toml",
      "target.kind = \"hashed\"\n[sweep]\ndrafter.kind = [\"none\", \"ngram\"]\ntopology.length = [1, 2, 3]\n"
      "[clock]\nrepeats = 1\n[workload]\nmax_new_tokens = 8\n");
  const Ended plain = sweep("r");
  EXPECT_EQ(plain.status, 0) << plain.err;
  expect_said(plain, "4 points ran, 0 were there already, 2 the same as another\n");
}

TEST_F(Sweep, DamagedPointsAreRunAgain) {
  write("c.toml", kSmall);
  ASSERT_EQ(sweep("whole").status, 0);
  ASSERT_EQ(sweep("r").status, 0);
  const std::vector<fs::path> points = files("r/e");
  fs::resize_file(points[0], fs::file_size(points[0]) / 2);  // cut off
  fs::resize_file(points[1], 0);
  std::string bytes(fs::file_size(points[2]), '\0');
  std::ifstream(points[2], std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  // The chunks of compressed rows begin like a zlib stream; a flipped bit in one is for a checksum to find.
  std::size_t flipped = 0;
  for (std::size_t at = bytes.find("\x78\x5e"); at != std::string::npos;
       at = bytes.find("\x78\x5e", at + 1)) {
    bytes[at + 40] ^= 1;
    ++flipped;
  }
  ASSERT_GT(flipped, 0u);
  write(points[2], bytes);
  const Ended ended = sweep("r");
  EXPECT_EQ(ended.status, 0) << ended.err;
  expect_said(ended, "3 points ran, 3 were there already\n");
  expect_same_facts("whole/e.h5", "r/e.h5");
}

TEST_F(Sweep, MergesItsOwnPointsOnly) {
  write("c.toml", kSmall);
  ASSERT_EQ(sweep("r").status, 0);
  write("r/e/0123456789abcdef.h5", "junk");
  ASSERT_EQ(sweep("r", {"--set", "topology.length=1,2"}).status, 0);
  const Ended again = sweep("r", {"--set", "topology.length=1,2"});
  expect_said(again,
              "note: r/e.h5 has the points of this sweep; 3 more of other sweeps lie in r/e, and `speclab "
              "report r/e`");
  const Ended report = speclab({"report", "r/e.h5"});
  EXPECT_NE(report.out.find("e: 4 of 4 points done"), std::string::npos) << report.out;
}

TEST_F(Sweep, AVariantHasItsOwnName) {
  write("c.toml", kSmall);
  ASSERT_EQ(sweep("r").status, 0);
  const auto facts = hdf5_facts("r/e.h5");
  const Ended variant = sweep("r", {"--set", "experiment=f", "--set", "topology.gamma=2"});
  EXPECT_EQ(variant.status, 0) << variant.err;
  EXPECT_EQ(variant.out, "r/f.h5\n");
  EXPECT_EQ(variant.err.find("note:"), std::string::npos) << variant.err;
  EXPECT_TRUE(facts == hdf5_facts("r/e.h5"));
}

TEST_F(Sweep, ImpossiblePointsAreStoredWithTheirReason) {
  write_model("draft", "gpt2");
  write("c.toml", R"(experiment = "e"
target = { kind = "hashed" }
workload = { max_new_tokens = 8, requests = 2 }
clock.kind = "analytic"
price.kind = "constant"
skip_if = [{ when = { "sampling.seed" = 1, "draft.kind" = "hashed" }, reason = "seed 1 is unlucky" }]
[sweep]
draft = [{ kind = "hashed" }, { path = "draft" }]
sampling.seed = [0, 1]
)");
  const Ended ended = sweep("r");
  EXPECT_EQ(ended.status, 0) << ended.err;
  expect_said(ended, "1 points ran, 0 were there already, 3 skipped with a reason\n");
  const std::vector<PointStatus> all = statuses("r/e");
  EXPECT_EQ(count(all, "done"), 1);
  EXPECT_EQ(count(all, "skipped"), 3);
  EXPECT_EQ(std::ranges::count(all, "seed 1 is unlucky", &PointStatus::reason), 1);
  EXPECT_EQ(std::ranges::count(all, "a draft checkpoint cannot draft for a target without a tokenizer",
                               &PointStatus::reason),
            2);
  const auto facts = hdf5_facts("r/e.h5");
  EXPECT_TRUE(facts.contains("/points"));
  expect_said(sweep("r"), "0 points ran, 4 were there already");
}

// The activations of one draft overflow, which only shows when it runs.
TEST_F(Sweep, AFailingPointLeavesTheOthers) {
  write_model("target", "gpt2");
  write_model("good", "gpt2");
  write_model("broken", "gpt2", [](LlamaConfig&, std::vector<StoredTensor>& all) {
    set_floats(tensor(all, "lm_head.weight"), 3e38f);
  });
  write("prompts.jsonl", "{\"text\": \"one two three\"}\n");
  write("c.toml", R"(experiment = "e"
target.path = "target"
workload = { prompts = "prompts.jsonl", max_new_tokens = 8 }
clock.kind = "analytic"
price.kind = "constant"
[sweep]
draft.path = ["broken", "good"]
topology.length = [1, 2]
)");
  const Ended ended = sweep("r");
  EXPECT_EQ(ended.status, 1) << ended.err;
  expect_said(ended, "2 points ran, 0 were there already, 2 FAILED\n");
  expect_said(ended, "failed: ");
  const std::vector<PointStatus> all = statuses("r/e");
  EXPECT_EQ(count(all, "done"), 2);
  ASSERT_EQ(count(all, "failed"), 2);
  EXPECT_NE(std::ranges::find(all, "failed", &PointStatus::status)->reason.find("NaN or infinite"),
            std::string::npos);
  const Ended again = sweep("r");
  EXPECT_EQ(again.status, 1) << "failed points are tried again";
  expect_said(again, "0 points ran, 2 were there already, 2 FAILED\n");
}

TEST_F(Sweep, ProgressIsAPlainLinePerPointWhereThereIsNoTerminal) {
  write("c.toml", kSmall);
  const Ended ended = sweep("r", {"--jobs", "1"});
  EXPECT_EQ(lines(ended.err), 8u) << ended.err;
  EXPECT_EQ(ended.err.find_first_of("\r\x1b"), std::string::npos);
  for (int i = 1; i <= 6; ++i) expect_said(ended, std::to_string(i) + "/6 points, ");
}

// What a terminal would obey, in each place where files put text into notes, reasons and progress.
TEST_F(Sweep, TextsOfFilesDriveNoTerminal) {
  write_model("target", "gpt2");
  write("p.jsonl", R"({"text": "one", "\u001b[2J\u009b2J\rx": 1})"
                   "\n");
  write("c.toml", R"(experiment = "e"
target.path = "target"
drafter.kind = "ngram"
clock.kind = "analytic"
price.kind = "constant"
workload.prompts = "p.jsonl"
workload.max_new_tokens = 4
skip_if = [{ when = { "topology.length" = 3 }, reason = "\u001B[2J\u009B2J\rx" }]
)");
  const std::string said =
      "\xef\xbf\xbd[2J\xef\xbf\xbd"
      "2J\xef\xbf\xbdx";
  const std::vector<std::vector<std::string>> commands = {
      {"run", "c.toml"},
      {"sweep", "c.toml", "--set", "topology.length=2,3"},
      {"certify", "c.toml", "--set", "topology.length=2,3"}};
  for (const std::vector<std::string>& command : commands) {
    const Ended ended = speclab(command);
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.err.find_first_of("\r\x1b"), std::string::npos) << command[0];
    EXPECT_EQ(ended.err.find("\xc2\x9b"), std::string::npos) << command[0];
    EXPECT_NE(ended.err.find("note: p.jsonl: not read in its lines: \"" + said + "\""), std::string::npos)
        << ended.err;
    if (command[0] == "run") continue;
    EXPECT_NE(ended.err.find("skipped: " + said + "\n"), std::string::npos) << ended.err;
  }
  write("p.jsonl", R"({"text": "one\u001b[2J\u009b2J two"})"
                   "\n");
  const Ended texts = speclab({"run", "c.toml", "--text", "1"});
  EXPECT_NE(texts.out.find("\none\xef\xbf\xbd[2J\xef\xbf\xbd"
                           "2J two\n"),
            std::string::npos)
      << texts.out;
}

TEST_F(Sweep, TextsOfAResultFileDriveNoTerminal) {
  write("c.toml", "experiment = \"e\"\n" + kSynthetic);
  ASSERT_EQ(speclab({"run", "c.toml", "-o", "r"}).status, 0);
  const fs::path file = files("r/e").front();
  {
    ForeignHdf5 crafted = ForeignHdf5::edit(file);
    crafted.attribute("/", "experiment", R"(["\u009b2J\u007f"])");  // past which a text's own check sees
    crafted.attribute("/provenance", "priced_error", "none\r\x1b[2J");
  }
  for (const std::vector<std::string>& form : {std::vector<std::string>{}, {"--markdown"}}) {
    std::vector<std::string> command = {"report", file.string()};
    command.insert(command.end(), form.begin(), form.end());
    const Ended ended = speclab(command);
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.out, printable(ended.out));
    EXPECT_EQ(ended.out.find('\r'), std::string::npos);
    EXPECT_NE(ended.out.find("\xef\xbf\xbd"
                             "2J\xef\xbf\xbd"),
              std::string::npos)
        << ended.out;
    EXPECT_NE(ended.out.find("none\xef\xbf\xbd\xef\xbf\xbd[2J"), std::string::npos) << ended.out;
  }
}

TEST_F(Sweep, CharactersThatTheTokenizerLosesAreCounted) {
  write_model("target", "llama2_unk");
  write("p.jsonl", "{\"text\": \"one two\"}\n{\"text\": \"caf\u2604 \u2603\"}\n{\"text\": \"\u2603\"}\n");
  write("c.toml", R"(experiment = "e"
target.path = "target"
drafter.kind = "ngram"
clock.kind = "analytic"
price.kind = "constant"
workload.prompts = "p.jsonl"
workload.max_new_tokens = 4
)");
  const auto notes = [](const std::vector<std::string>& arguments) {
    const Ended ended = speclab(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    const std::size_t begin = ended.err.find("unknown to");
    EXPECT_EQ(begin, ended.err.rfind("unknown to")) << ended.err;
    if (begin == std::string::npos) return std::string();
    const std::size_t line = ended.err.rfind('\n', begin) + 1;
    return ended.err.substr(line, ended.err.find('\n', begin) - line);
  };
  const std::string of_all =
      "note: p.jsonl: 3 characters of its texts, the first in line 2, are unknown to the target's "
      "tokenizer.json and were read as <unk>";
  EXPECT_EQ(notes({"run", "c.toml"}), of_all);
  EXPECT_EQ(notes({"sweep", "c.toml", "--set", "topology.length=2,3"}), of_all);
  EXPECT_EQ(notes({"certify", "c.toml"}), of_all);
  EXPECT_EQ(notes({"run", "c.toml", "--set", "workload.requests=1"}), "") << "the prompts that are decoded";
  EXPECT_NE(notes({"run", "c.toml", "--set", "drafter.kind=suffix", "--set", "drafter.corpus=p.jsonl",
                   "--set", "workload.requests=1"}),
            "");
}

// Files of older transformers beside the tokenizer.json, which alone decides.
TEST_F(Sweep, WhatOlderFilesOfAModelSayOtherwiseIsSaid) {
  write_model("target", "llama2");  // <s> 1 before texts; </s> 2
  nlohmann::json config = nlohmann::json::parse(std::ifstream("target/config.json"));
  config["eos_token_id"] = 2;
  std::ofstream("target/config.json") << config;
  write("p.jsonl", "{\"text\": \"one two\"}\n");
  write("c.toml", R"(experiment = "e"
target.path = "target"
drafter.kind = "ngram"
clock.kind = "analytic"
price.kind = "constant"
workload.prompts = "p.jsonl"
workload.max_new_tokens = 4
)");
  const auto notes = [](const std::string& more = "sampling.seed=0") {
    const Ended ended = speclab({"run", "c.toml", "--set", more});
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.err;
  };
  write("target/special_tokens_map.json", R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}})");
  write("target/tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": "</s>"})");
  write("target/added_tokens.json", R"({"<s>": 1, "</s>": 2})");
  EXPECT_EQ(notes(), "") << "they agree";
  write("target/special_tokens_map.json",
        R"({"bos_token": "</s>", "eos_token": "<unk>", "pad_token": "[PAD]"})");
  write("target/added_tokens.json", R"({"<s>": 5, "<new>": 640})");
  const std::string other_end =
      "note: special_tokens_map.json: eos_token is <unk>, but no text ends with it: config.json and "
      "generation_config.json name </s>\n";
  const std::string other_beginning =
      "note: special_tokens_map.json: bos_token is </s>, but <s> is put before texts, as tokenizer.json "
      "says\n";
  const std::string other_ids =
      "note: added_tokens.json has the added token '<new>' as 640, tokenizer.json has not: it is left out\n"
      "note: added_tokens.json has the added token '<s>' as 5, tokenizer.json as 1: it is the latter\n";
  EXPECT_EQ(notes(), other_ids + other_end + other_beginning);
  EXPECT_EQ(notes("workload.ignore_eos=true"), other_ids + other_beginning);
  EXPECT_EQ(notes("workload.add_bos=false"), other_ids + other_end);
  write("p.jsonl", "{\"tokens\": [5, 6]}\n");
  EXPECT_EQ(notes(), other_ids + other_end);
}

// Priced points with models of their own share the cores; `tests/run --tsan` looks for races among them.
TEST_F(Sweep, ManyJobsOfModelsGiveWhatOneGives) {
  write_model("target", "gpt2");
  write_model("draft", "gpt2");
  write("p.jsonl", "{\"text\": \"one two three\"}\n{\"text\": \"four\"}\n");
  write("c.toml", R"(experiment = "e"
target.path = "target"
draft.path = "draft"
clock.kind = "analytic"
price.kind = "constant"
workload.prompts = "p.jsonl"
workload.max_new_tokens = 8
sampling.temperature = 1
[sweep]
drafter.kind = ["model", "ngram", "suffix", "lookahead"]
sampling.seed = [0, 1, 2, 3]
)");
  ASSERT_EQ(sweep("one", {"--jobs", "1"}).status, 0);
  const Ended ended = sweep("many", {"--jobs", "8"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  expect_said(ended, "16 points ran");
  expect_same_facts("one/e.h5", "many/e.h5");
}

// A pass costs the same however many are in it, so a batch that runs empty costs the faster method most.
TEST_F(Sweep, FewRequestsOfABatchGiveTheSpeedupOfMany) {
  write("c.toml",
        "experiment = \"e\"\n" + kSynthetic + "workload.batch = 16\nworkload.max_new_tokens = 200\n");
  const auto speedup = [](const std::vector<std::string>& settings) {
    std::vector<std::string> command = {"run", "c.toml", "-o", "r"};
    for (const std::string& setting : settings) command.insert(command.end(), {"--set", setting});
    const Ended ended = speclab(command);
    EXPECT_EQ(ended.status, 0) << ended.err;
    const std::string file = ended.out.substr(ended.out.rfind("r/e/"), 24);
    const auto rows = nlohmann::json::parse(speclab({"report", file.substr(0, 23), "--json"}).out);
    return rows.at(0).at("priced_speedup").get<double>();
  };
  const double many = speedup({"workload.requests=640"});
  EXPECT_NEAR(speedup({"workload.requests=16"}) / many, 1, 0.04);
  EXPECT_LT(speedup({"workload.requests=16", "workload.refill=false"}) / many, 0.93);
  EXPECT_NEAR(speedup({"workload.requests=16", "workload.batch=1", "workload.refill=false"}) / many, 1, 0.04)
      << "one at a time there is nothing to fill";
}

TEST_F(Sweep, RunSaysWhichAxesItLeavesOut) {
  write("c.toml",
        "experiment = \"e\"\n" + kSynthetic + "[sweep]\ntopology.length = [2, 3]\nsampling.seed = [1, 2]\n");
  const auto said = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"run", "c.toml", "-o", "r"});
    return speclab(more).err;
  };
  EXPECT_NE(said({}).find("the config sweeps sampling.seed, topology.length, of which this is one point"),
            std::string::npos);
  EXPECT_NE(said({"--set", "topology.length=2"}).find("the config sweeps sampling.seed, of"),
            std::string::npos);
  EXPECT_EQ(said({"--set", "topology.length=2", "--set", "sampling.seed=1"}).find("the config sweeps"),
            std::string::npos);
}

TEST_F(Sweep, ASkipIfThatHoldsNowhereIsSaid) {
  const std::string begin = "experiment = \"e\"\n" + kSynthetic +
                            "[sweep]\ntopology.length = [2, 3]\n[[skip_if]]\nreason = \"r\"\n";
  write("c.toml", begin + "when = { \"topology.length\" = \"2\" }\n");
  EXPECT_NE(sweep("r").err.find("skip_if \"r\" holds at no point"), std::string::npos);
  write("c.toml", begin + "when = { \"topology.length\" = 2 }\n");
  EXPECT_EQ(sweep("s").err.find("holds at no point"), std::string::npos);
}

TEST_F(Sweep, WhatNobodyReadsIsSpeltRightAllTheSame) {
  for (const char* extra : {"[draft]\nfoo = 1\n", "[certify]\ntoken = 5\n", "[figure]\ntitel = \"x\"\n"}) {
    write("c.toml", "experiment = \"e\"\n" + kSynthetic + extra);
    for (const char* command : {"run", "sweep"}) {
      const Ended ended = speclab({command, "c.toml", "-o", "r"});
      EXPECT_EQ(ended.status, 3) << command << extra;
      EXPECT_NE(ended.err.find("is no setting"), std::string::npos) << extra << ended.err;
    }
  }
  write("c.toml", "experiment = \"e\"\n" + kSynthetic);
  EXPECT_EQ(speclab({"run", "c.toml", "-o", "r", "--set", "draft2.kin=hashed"}).status, 3);
}

TEST_F(Sweep, WhatOtherToolsSetIsTakenWhereItSaysWhatHappensAnyway) {
  write("c.toml", "experiment = \"e\"\n" + kSynthetic);
  for (const char* setting :
       {"topology.draft_min=1", "topology.n_min=0", "topology.speculative_eagle_topk=1"})
    EXPECT_EQ(speclab({"run", "c.toml", "-o", "r", "--set", setting}).err, "") << setting;
  const Ended refused = speclab({"run", "c.toml", "-o", "r", "--set", "topology.draft_min=2"});
  EXPECT_NE(refused.err.find("has no meaning here, only 0 or 1 has"), std::string::npos) << refused.err;
  const Ended unknown = speclab({"run", "c.toml", "-o", "r", "--set", "topology.drft_min=2"});
  EXPECT_NE(unknown.err.find("did you mean 'draft_min'?; known: kind (method), length ("), std::string::npos)
      << unknown.err;
}

TEST_F(Sweep, AMistakeInOnePointRunsNone) {
  write("c.toml", kSmall);
  EXPECT_EQ(sweep("r", {"--set", "topology.length=1,2,-3"}).status, 3);
  EXPECT_FALSE(fs::exists("r"));
}

}  // namespace
}  // namespace speclab
