// Traces in HDF5, as other programs write them.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/results/hdf5.h"
#include "tests/support/foreign_hdf5.h"
#include "tests/support/toy_engine.h"
#include "tests/support/written_trace.h"

namespace speclab {
namespace {

using nlohmann::json;

void expect_same(const TraceOutcome& one, const TraceOutcome& other) {
  EXPECT_EQ(one.steps, other.steps);
  EXPECT_EQ(one.tokens, other.tokens);
  EXPECT_EQ(one.undecidable, other.undecidable);
  const std::vector<Finding> a = one.evidence.findings(), b = other.evidence.findings();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].n, b[i].n);
    EXPECT_EQ(a[i].statistic, b[i].statistic) << a[i].name;
  }
}
// The columns of analysis/TRACE.md.
struct Columns {
  std::map<std::string, std::vector<std::int64_t>> integers;
  std::map<std::string, std::vector<double>> reals;
  std::size_t width = kToyVocab;

  explicit Columns(const std::vector<json>& records) {
    for (const json& record : records) {
      for (const char* name : {"sequence", "step", "prompt", "index"}) integers[name].push_back(record[name]);
      integers["draw"].push_back(record["draw"] == "sampled" ? 1 : 0);
      for (const std::string name : {"drafted", "accepted", "emitted"}) {
        integers[name + "_count"].push_back(static_cast<std::int64_t>(record[name].size()));
        if (name == "accepted") continue;
        for (const json& token : record[name]) integers[name].push_back(token);
      }
      for (const std::string name : {"target", "draft"}) {
        for (const json& row : record[name]) add_row(name, row);
      }
    }
  }
  void add_row(const std::string& name, const json& row) {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    if (row.is_array()) {
      for (const json& p : row) reals[name].push_back(p);
    } else if (row.is_null() && reals.contains(name)) {
      for (int t = 0; t < kToyVocab; ++t) reals[name].push_back(nan);
    } else {
      width = kToyListed;
      for (int i = 0; i < kToyListed; ++i) {
        integers[name + "_tokens"].push_back(row.is_null() ? i : row["top"][i][0].get<std::int64_t>());
        reals[name + "_top"].push_back(row.is_null() ? nan : row["top"][i][1].get<double>());
      }
      reals[name + "_rest"].push_back(row.is_null() ? nan : row["rest"].get<double>());
    }
  }
  void write(const std::filesystem::path& path) const {
    ForeignHdf5 file(path);
    const auto shape = [&](const std::string& name, std::size_t size) {
      const bool wide =
          name == "target" || name == "draft" || name.ends_with("_tokens") || name.ends_with("_top");
      return wide ? ForeignHdf5::Shape{size / width, width} : ForeignHdf5::Shape{size};
    };
    for (const auto& [name, values] : integers)
      file.write(name, shape(name, values.size()), std::span(values));
    for (const auto& [name, values] : reals) file.write(name, shape(name, values.size()), std::span(values));
  }
};

class Hdf5Trace : public WrittenTrace {
 protected:
  TraceOutcome read_columns(const Columns& columns) {
    columns.write(file());
    return read_trace(file(), 5);
  }
  std::string refusal_of(const Columns& columns) {
    columns.write(file());
    std::ifstream in(file(), std::ios::binary);
    return refusal({std::istreambuf_iterator<char>(in), {}});
  }
};

TEST_F(Hdf5Trace, EqualsJsonLinesToTheLastBit) {
  const std::vector<json> records = ToyEngine{}.trace(150, 10);
  expect_same(read_columns(Columns(records)), read(records));
  const std::vector<json> tops = with_listed_rows(records);
  expect_same(read_columns(Columns(tops)), read(tops));
}

TEST_F(Hdf5Trace, RefusesWhatIsMalformedWithItsRecord) {
  const Columns good(ToyEngine{}.trace(2, 2));
  Columns bad = good;
  bad.integers["draw"][2] = 2;
  EXPECT_EQ(refusal_of(bad),
            " record 3: 'draw' is 2; it is to be 1 (drafts drawn at random) or 0 (chosen without "
            "chance)");
  bad = good;
  bad.reals["target"][0] += 0.5;
  EXPECT_TRUE(refusal_of(bad).starts_with(" record 1: target row 1 adds up to 1.5; it must"))
      << refusal_of(bad);
  bad = good;
  bad.integers["accepted_count"][1] = 9;
  EXPECT_TRUE(refusal_of(bad).starts_with(" record 2: 'accepted_count' is 9, but")) << refusal_of(bad);
  bad = good;
  bad.integers["emitted"].pop_back();
  EXPECT_TRUE(refusal_of(bad).starts_with(" record 4: ")) << refusal_of(bad);
  bad = good;
  bad.integers["emitted"].push_back(0);
  EXPECT_EQ(refusal_of(bad),
            " 1 of 'emitted' are left after the last record; 'emitted_count' adds up to fewer");
  bad = good;
  bad.integers.erase("sequence");
  EXPECT_EQ(refusal_of(bad), " the dataset 'sequence' is missing");
  bad = good;
  bad.integers["steps"] = bad.integers["step"];
  EXPECT_TRUE(refusal_of(bad).starts_with(" there is no dataset 'steps' in a trace, did you mean 'step'?"));
  bad = good;
  bad.integers["step"].pop_back();
  EXPECT_EQ(refusal_of(bad), " 'step' has 3 records, but 'sequence' has 4; each record has one of both");
  bad = good;
  bad.integers.erase("emitted");
  bad.reals["emitted"] = {0.5};
  EXPECT_TRUE(refusal_of(bad).find("its values are no integers") != std::string::npos) << refusal_of(bad);
}

TEST_F(Hdf5Trace, RefusesACutFile) {
  Columns(ToyEngine{}.trace(20, 20)).write(file());
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  try {
    read_trace(file(), 5);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("the file is cut"), std::string::npos) << error.what();
  }
}

TEST(Hdf5File, ReadsRowsOfOtherProgramsInParts) {
  const TemporaryFolder folder;
  const std::vector<float> values{0, 1, 2, 3, 4, 5};
  const std::filesystem::path path = folder.path() / "any";
  ForeignHdf5(path).write("values", {3, 2}, std::span(values));
  const Hdf5File file = Hdf5File::open(path);
  EXPECT_EQ(file.shape("/values"), (std::vector<std::size_t>{3, 2}));
  std::vector<double> last(4);
  file.read_rows("/values", 1, 2, std::span<double>(last));
  EXPECT_EQ(last, (std::vector<double>{2, 3, 4, 5}));
  EXPECT_THROW(file.read_rows("/values", 2, 2, std::span<double>(last)), Hdf5Error);
  std::vector<std::int64_t> integers(4);
  EXPECT_THROW(file.read_rows("/values", 1, 2, std::span<std::int64_t>(integers)), Hdf5Error);
}

}  // namespace
}  // namespace speclab
