// Result files whose rows cannot be true: each is refused by table and column.
#include <gtest/gtest.h>

#include <fstream>

#include "analysis/merge.h"
#include "analysis/report.h"
#include "analysis/result_files.h"
#include "core/errors.h"
#include "core/results/atomic_file.h"
#include "core/results/hdf5.h"
#include "tests/support/temporary_folder.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

// A finished point of two prompts, run once each way; a test changes what it likes.
struct Crafted {
  std::string record = "counts", key = "0123456789abcdef";
  std::int64_t schema = kSchema;
  std::vector<PromptRecord> prompts;
  std::vector<AcceptedRecord> accepted;
  std::vector<TimeRecord> times;
  std::vector<StepRecord> steps;
  std::vector<ChargeRecord> charges;
  std::vector<SequenceRecord> sequences;
  std::vector<Token> text = std::vector<Token>(12);
  nlohmann::json temperature = 0.5;

  Crafted() {
    for (const int role : {0, 1}) {
      for (const int sequence : {0, 1}) {
        const StepCounts counts{.proposed = 8, .probes = 0, .accepted = 4, .emitted = 6};
        prompts.push_back({{counts, 4, 4, 1.0, 1.0, 0.5, 0.1, 0.1}, role, 0, sequence});
        accepted.push_back({role, 0, sequence, 1, 4});
        steps.push_back(
            {{.proposed = 2, .probes = 0, .accepted = 1, .emitted = 2}, role, 0, sequence, sequence});
        charges.push_back({{}, role, 0, sequence, -1, 1, 0, 0, 1, 0});
        SequenceRecord row;
        row.role = role;
        row.sequence = sequence;
        row.prompt_tokens = 1;
        row.new_tokens = 2;
        row.text = sequence * 3;
        sequences.push_back(row);
      }
      times.push_back({{{}, 4, 1, 0}, role, 0, 0, 1, 0});
    }
  }

  fs::path write(const fs::path& folder) const {
    const fs::path path = folder / (key + ".h5");
    Hdf5File file = Hdf5File::in_memory(path);
    file.set("/", "schema", schema);
    const std::map<std::string, std::string> facts = {
        {"key", key},       {"experiment", "any"},       {"status", "done"}, {"reason", ""},
        {"signature", "0"}, {"baseline_signature", "0"}, {"record", record}};
    for (const auto& [name, value] : facts) file.set("/", name, value);
    file.make_group("settings");
    file.set("settings", "sampling.temperature", temperature);
    file.make_group("provenance");
    if (record == "steps") {
      file.append<StepRecord>("steps", steps);
      file.append<ChargeRecord>("charges", charges);
    } else {
      file.append<PromptRecord>("prompts", prompts);
      file.append<AcceptedRecord>("accepted", accepted);
      file.append<TimeRecord>("time", times);
    }
    file.append<SequenceRecord>("sequences", sequences);
    file.append_ints("text", text);
    replace_file(path, file.image());
    return path;
  }
};

template <class Change>
std::string refusal(const Change& change) {
  const TemporaryFolder folder;
  Crafted point;
  change(point);
  try {
    to_text(build_report(load_points(point.write(folder.path()))));
    return "it was read";
  } catch (const Hdf5Error& error) {
    return error.call() + ": " + error.reason();
  }
}

TEST(ResultRows, OfAWholeFileAreRead) {
  EXPECT_EQ(refusal([](Crafted&) {}), "it was read");
  EXPECT_EQ(refusal([](Crafted& p) { p.record = "steps"; }), "it was read");
}

TEST(ResultRows, OfAnotherSchemaAreRefused) {
  EXPECT_EQ(refusal([](Crafted& p) { p.schema = 1; }),
            "load /: written by another version of this program: schema 1");
}

TEST(ResultRows, SequencesArePlaces) {
  EXPECT_EQ(refusal([](Crafted& p) { p.prompts[0].sequence = -1; }),
            "reading /prompts: a row's 'sequence' is -1; it must be between 0 and 2147483646");
  EXPECT_EQ(refusal([](Crafted& p) { p.accepted[0].sequence = 2'000'000'000; }),
            "reading /accepted: its rows name more prompts, positions or models than 8 rows can have");
  EXPECT_EQ(refusal([](Crafted& p) { p.sequences[0].sequence = -5; }),
            "reading /sequences: a row's 'sequence' is -5; it must be between 0 and 2147483646");
  EXPECT_EQ(refusal([](Crafted& p) {
              p.record = "steps";
              p.steps[0].sequence = -7;
            }),
            "reading /steps: a row's 'sequence' is -7; it must be between 0 and 2147483646");
  EXPECT_EQ(refusal([](Crafted& p) {
              p.record = "steps";
              p.charges[0].step = kAdmission;
            }),
            "reading /charges: a row's 'sequence' is -1; it must be between 0 and 2147483646");
  // A prompt that took no step has a sequence and no row.
  EXPECT_EQ(refusal([](Crafted& p) { p.sequences[1].sequence = p.sequences[3].sequence = 100; }),
            "it was read");
}

TEST(ResultRows, AcceptedCountsArePlaces) {
  EXPECT_EQ(refusal([](Crafted& p) { p.accepted[0].accepted = -1; }),
            "reading /accepted: a row's 'accepted' is -1; it must be between 0 and 2147483646");
  EXPECT_EQ(refusal([](Crafted& p) { p.accepted[0].accepted = INT32_MAX - 1; }),
            "reading /accepted: its rows name more prompts, positions or models than 8 rows can have");
  EXPECT_EQ(refusal([](Crafted& p) {
              p.record = "steps";
              p.steps[1].accepted = 1'000'000'000;
            }),
            "reading /steps: its rows name more prompts, positions or models than 4 rows can have");
}

TEST(ResultRows, RunsAreThoseThatRan) {
  EXPECT_EQ(refusal([](Crafted& p) { p.prompts[0].role = 2; }),
            "reading /prompts: a row's 'role' is 2; it must be between 0 and 1");
  EXPECT_EQ(refusal([](Crafted& p) { p.prompts[0].repeat = 5000; }),
            "reading /prompts: a row's 'repeat' is 5000; it must be between 0 and 4095");
  EXPECT_EQ(refusal([](Crafted& p) {
              for (auto* rows : {&p.prompts}) {
                for (PromptRecord& row : *rows) row.repeat = 3;
              }
              p.accepted.clear();
              p.times.clear();
            }),
            "reading /: it has 1 runs of role 0, but none of them is repeat 0");
}

TEST(ResultRows, ActorsAndOperationsAreKnown) {
  EXPECT_EQ(refusal([](Crafted& p) { p.times[0].actor = -1; }),
            "reading /time: a row's 'actor' is -1; it must be between 0 and 255");
  EXPECT_EQ(refusal([](Crafted& p) { p.times[0].op = 6; }),
            "reading /time: a row's 'op' is 6; it must be between 0 and 5");
  EXPECT_EQ(refusal([](Crafted& p) {
              p.record = "steps";
              p.charges[0].actor = 1'000'000;
            }),
            "reading /charges: a row's 'actor' is 1000000; it must be between 0 and 255");
}

TEST(ResultRows, CountsAddUp) {
  EXPECT_EQ(refusal([](Crafted& p) { p.prompts[0].steps = -4; }),
            "reading /prompts: a row's 'steps' is -4; it must be between 0 and 9223372036854775807");
  EXPECT_EQ(refusal([](Crafted& p) { p.prompts[0].steps = p.prompts[1].steps = INT64_MAX / 2 + 1; }),
            "reading /prompts: its counts add up to more than 9223372036854775807 at a 'steps' of "
            "4611686018427387904");
}

TEST(ResultRows, TextsLieInTheText) {
  EXPECT_EQ(refusal([](Crafted& p) { p.sequences[2].text = 10; }),
            "reading /sequences: a row's 'text' is 10; it must be between 0 and 9");
  EXPECT_EQ(refusal([](Crafted& p) { p.sequences[2].text = -1; }),
            "reading /sequences: a row's 'text' is -1; it must be between 0 and 9");
  EXPECT_EQ(refusal([](Crafted& p) { p.sequences[2].new_tokens = -2; }),
            "reading /sequences: a row's 'new_tokens' is -2; it must be between 0 and 11");
  EXPECT_EQ(refusal([](Crafted& p) { p.sequences[1] = p.sequences[0]; }),
            "reading /sequences: sequence 0 is there twice in one run");
}

TEST(ResultRows, LabelsAreAnyBytes) {
  EXPECT_EQ(refusal([](Crafted& p) { p.sequences[0].label.fill('\xff'); }), "it was read");
}

TEST(ResultRows, SettingsAreFinite) {
  EXPECT_EQ(refusal([](Crafted& p) { p.temperature = std::numeric_limits<double>::quiet_NaN(); }),
            "reading /settings: sampling.temperature is no finite number");
}

TEST(Merge, LeavesOutWhatCannotBeTrue) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "any");
  Crafted point;
  point.write(folder.path() / "any");
  point.key = "fedcba9876543210";
  point.prompts[0].sequence = -1;
  point.write(folder.path() / "any");
  const Merged merged = merge_points(folder.path() / "any");
  EXPECT_EQ(merged.points, 1);
  ASSERT_EQ(merged.unreadable.size(), 1u);
  EXPECT_NE(merged.unreadable[0].find("'sequence' is -1"), std::string::npos) << merged.unreadable[0];
  EXPECT_EQ(load_points(merged.path).size(), 1u);
}

TEST(ResultFiles, OfAFolderAreReadAndOthersNamed) {
  const TemporaryFolder folder;
  const Crafted point;
  point.write(folder.path());
  {
    Hdf5File file = Hdf5File::in_memory("certificate");
    file.set("/", "format", "speclab certificates");
    replace_file(folder.path() / "certificate.h5", file.image());
  }
  std::ofstream(folder.path() / "broken.h5") << "not HDF5";
  const LoadedResults results = load_results(folder.path());
  EXPECT_EQ(results.points.size(), 1u);
  ASSERT_EQ(results.remarks.size(), 2u);
  EXPECT_NE(results.remarks[0].find("broken.h5: it is no HDF5 file"), std::string::npos)
      << results.remarks[0];
  EXPECT_NE(results.remarks[1].find("certificate.h5: it holds certificates"), std::string::npos)
      << results.remarks[1];
  try {
    load_results(folder.path() / "certificate.h5");
    FAIL() << "it was read";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("holds certificates"), std::string::npos) << error.what();
  }
}

TEST(ResultFiles, AFolderWithoutAnyNamesItsFolders) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "smoke");
  try {
    load_results(folder.path());
    FAIL() << "it was read";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("its folders are: smoke;"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace speclab
