// Values that a sound HDF5 trace might hold, without the HDF5 library, whose processes are what costs time.
#include <algorithm>
#include <map>

#include "analysis/certificate/trace.h"
#include "analysis/certificate/trace_evidence.h"
#include "analysis/certificate/trace_hdf5.h"
#include "core/errors.h"
#include "tests/fuzz/bytes_of_input.h"
#include "tests/fuzz/fuzz_targets.h"

namespace speclab {
namespace {

// The input begins with the datasets that are missing, the number of records, the lengths of the long
// datasets and the width of rows.
class TraceOfBytes : public Hdf5Reader {
 public:
  explicit TraceOfBytes(std::string_view input) : bytes_(input) {
    missing_ = static_cast<unsigned>(bytes_.next() | bytes_.next() << 8 | bytes_.next() << 16);
    records_ = bytes_.next() % 5;
    longer_ = bytes_.next() % 9;
    width_ = bytes_.next() % 4;
  }

  const std::filesystem::path& path() const override { return path_; }
  bool has(const std::string& object) const override {
    const auto found = std::ranges::find(kNames, object.substr(1));
    return found != std::end(kNames) && (missing_ >> (found - std::begin(kNames)) & 1) == 0;
  }
  std::vector<std::string> children(const std::string&) const override {
    std::vector<std::string> names;
    for (const std::string_view name : kNames) {
      if (has("/" + std::string(name))) names.emplace_back(name);
    }
    return names;
  }
  nlohmann::json get(const std::string&, const std::string&) const override { return 0; }
  std::map<std::string, nlohmann::json> attributes(const std::string&) const override { return {}; }

  std::vector<std::size_t> shape(const std::string& dataset) const override {
    const auto place = std::ranges::find(kNames, dataset.substr(1)) - std::begin(kNames);
    if (place < kOfRecords) return {records_};
    if (place < kOfTokens) return {longer_};
    return {longer_, width_};
  }
  void read_table(const std::string&, std::span<const Column>, std::size_t, std::size_t, std::size_t,
                  void*) const override {}
  void read_rows(const std::string&, std::size_t, std::size_t, std::span<double> values) const override {
    for (double& value : values) value = bytes_.real();
  }
  void read_rows(const std::string&, std::size_t, std::size_t,
                 std::span<std::int64_t> values) const override {
    for (std::int64_t& value : values) value = bytes_.integer();
  }

 private:
  static constexpr std::string_view kNames[] = {
      "sequence", "draw",          "drafted_count", "accepted_count", "emitted_count", "step",       "prompt",
      "index",    "drafted",       "parents",       "emitted",        "target_rest",   "draft_rest", "target",
      "draft",    "target_tokens", "target_top",    "draft_tokens",   "draft_top"};
  static constexpr int kOfRecords = 8, kOfTokens = 13;

  std::filesystem::path path_ = "bytes";
  mutable BytesOfInput bytes_;
  unsigned missing_ = 0;
  std::size_t records_ = 0, longer_ = 0, width_ = 0;
};

}  // namespace

void fuzz_trace_values(std::string_view bytes) {
  try {
    TraceEvidence evidence(1);
    read_hdf5_trace(TraceOfBytes(bytes), [&](TraceRecord& record) { evidence.add(record); });
    std::move(evidence).outcome("bytes");
  } catch (const ConfigError&) {
    return;
  } catch (const Hdf5Error&) {
    return;
  }
}

}  // namespace speclab
