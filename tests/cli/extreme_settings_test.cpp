// Every whole number of the catalogue of settings, at numbers that no machine has room for and at the largest
// that it may be: refused by name, or run, within seconds and with bounded memory.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "experiments/sweep/settings_catalogue.h"
#include "tests/support/program.h"
#include "tests/support/project_files.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

using Settings = std::vector<std::string>;

// One section of one kind, in a point that is small otherwise.
Settings base(const std::string& section, const std::string& kind) {
  const std::string models = (project_files() / "configs/models/speclab-").string();
  const std::string pair_target = "target.path=" + models + "target-11m";
  const std::string prompts = "workload.prompts=" + (project_files() / "configs/prompts/code.jsonl").string();
  Settings all{"clock.kind=analytic", "price.kind=constant", "workload.max_new_tokens=4",
               "sampling.temperature=0", "workload.requests=2"};
  const bool heads = kind == "medusa" || kind == "hydra" || kind == "eagle";
  const bool real = heads || kind == "early_exit" || kind == "checkpoint" || kind == kOfText;
  if (real) {
    all.insert(all.end(), {"target.kind=checkpoint", pair_target, prompts});
  } else {
    all.insert(all.end(), {"target.kind=hashed", "workload.prompt_tokens=4"});
  }
  if (section == "draft" && kind == "checkpoint") {
    all.insert(all.end(), {"draft.kind=checkpoint", "draft.path=" + models + "draft-1m"});
  } else if (section == "draft" || section == "topology" || kind == "cascade" || kind == "model" ||
             kind == "corrected") {
    all.push_back(real ? "draft.path=" + models + "draft-1m" : "draft.kind=hashed");
  } else if (section != "drafter") {
    all.push_back("drafter.kind=ngram");
  }
  if (heads) all.push_back("drafter.path=" + models + "target-11m-" + kind);
  if (section == "price" && kind == "roofline")
    all.insert(all.end(), {"price.device=h100-sxm", "price.target=llama-3.1-8b", "price.draft=llama-3.2-1b"});
  if (kind == "random") {
    all.push_back(section + ".shape=llama-68m");
    if (section == "draft") all.push_back("target.kind=random"), all.push_back("target.shape=llama-68m");
  }
  if (section == "topology" && kind == "sequoia")
    all.insert(all.end(), {"topology.nodes=4", "topology.depth=2"});
  if (section == "certify") all.push_back("certify.tokens=500");
  if (!kind.empty() && section != "workload") all.push_back(section + ".kind=" + kind);
  return all;
}

class ExtremeSettings : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::filesystem::current_path(folder_.path());
    std::ofstream("c.toml") << "";
  }
  void TearDown() override { std::filesystem::current_path(home_); }

  static Ended run(const std::string& section, Settings settings) {
    // Settings that are given twice: the last one counts.
    std::map<std::string, std::string> by_name;
    for (const std::string& setting : settings) by_name[setting.substr(0, setting.find('='))] = setting;
    Settings arguments {
#if defined(__SANITIZE_ADDRESS__)
      "-c", "ulimit -t 60; exec \"$0\" \"$@\"",
#else
      "-c", "ulimit -t 10; ulimit -v 3000000; exec \"$0\" \"$@\"",
#endif
          SPECLAB_BINARY, section == "certify" ? "certify" : "run", "c.toml"
    };
    for (const auto& [_, setting] : by_name) arguments.insert(arguments.end(), {"--set", setting});
    return run_program("/bin/sh", arguments);
  }

 private:
  std::filesystem::path home_ = std::filesystem::current_path();
  TemporaryFolder folder_;
};

bool counts(const SettingNote& note) { return note.values.find("whole number") != std::string::npos; }

TEST_P(ExtremeSettings, AreRefusedByNameOrRun) {
  const std::string& section = GetParam();
  if (section == "figure") GTEST_SKIP() << "draws, and decodes nothing";
  const SectionPage page = settings_page(section);
  for (const SectionSettings& kind : page.kinds) {
    std::vector<SettingNote> notes = page.every_kind;
    notes.insert(notes.end(), kind.notes.begin(), kind.notes.end());
    std::erase_if(notes, [](const SettingNote& note) { return !counts(note); });
    if (notes.empty()) continue;
    const Settings small = base(section, kind.kind);
    for (const SettingNote& note : notes) {
      for (const char* value : {"2147483647", "4611686018427387904"}) {
        const bool list = note.values.starts_with("list");
        Settings settings = small;
        settings.push_back(
            fmt::format(fmt::runtime(list ? "{}.{}=[{}]" : "{}.{}={}"), section, note.name, value));
        SCOPED_TRACE(fmt::format("{} of {}", settings.back(), kind.kind));
        const Ended ended = run(section, settings);
        EXPECT_EQ(ended.signal, 0) << "more than seconds";
        // Few tokens leave a certificate undecided.
        EXPECT_TRUE(ended.status == 0 || ended.status == 3 || (section == "certify" && ended.status == 2))
            << ended.status << ": " << ended.err;
        if (ended.status != 3) continue;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
        EXPECT_NE(ended.err.find(note.name), std::string::npos) << ended.err;
        EXPECT_EQ(ended.err.find("memory"), std::string::npos) << ended.err;
        EXPECT_EQ(ended.err.find("does not hold"), std::string::npos) << ended.err;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sections, ExtremeSettings, testing::ValuesIn(settings_pages()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace speclab
