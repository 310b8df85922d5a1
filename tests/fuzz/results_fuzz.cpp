// Result files: bytes that are read through the HDF5 library, and values as a sound file might hold them.
#include <algorithm>
#include <cstring>

#include "analysis/metric_table.h"
#include "analysis/report.h"
#include "analysis/result_files.h"
#include "core/errors.h"
#include "tests/fuzz/bytes_of_input.h"
#include "tests/fuzz/fuzz_targets.h"

namespace speclab {
namespace {

void show(const std::vector<LoadedPoint>& points) {
  to_text(build_report(points));
  to_csv(metric_table(points));
  to_json(metric_table(points)).dump();
}

// Whatever is asked for is there, and its value comes from bytes; no bytes, no rows.
class ValuesOfBytes : public Hdf5Reader {
 public:
  explicit ValuesOfBytes(std::string_view bytes) : bytes_(bytes) {}

  const std::filesystem::path& path() const override { return path_; }
  bool has(const std::string&) const override { return (bytes_.next() & 7) != 0; }
  std::vector<std::string> children(const std::string&) const override { return {}; }

  nlohmann::json get(const std::string&, const std::string& name) const override {
    if (name == "schema") return kSchema;
    if (name == "status") return kDone;
    if (name == "record") return (bytes_.next() & 1) != 0 ? "steps" : "counts";
    return "0";
  }
  std::map<std::string, nlohmann::json> attributes(const std::string& object) const override {
    std::map<std::string, nlohmann::json> values;
    if (object == "/") {
      for (const char* name :
           {"schema", "key", "experiment", "status", "reason", "signature", "baseline_signature", "record"})
        values[name] = get(object, name);
      return values;
    }
    for (const char* name : {"sampling.temperature", "drafter.kind", "topology.kind", "topology.length",
                             "workload.requests", "price.kind", "git_commit", "dirty"}) {
      switch (bytes_.next() & 7) {
        case 0:
          values[name] = bytes_.integer();
          break;
        case 1:
          values[name] = bytes_.real();
          break;
        case 2:
          values[name] = "calibrated";
          break;
        case 3:
          values[name] = {1, "a", nullptr};
          break;
        case 4:
          values[name] = true;
          break;
        default:
          break;
      }
    }
    return values;
  }

  std::vector<std::size_t> shape(const std::string& dataset) const override {
    if (dataset == "/text") return {1000};
    const auto found = sizes_.find(dataset);
    if (found != sizes_.end()) return {found->second};
    return {sizes_[dataset] = bytes_.next() % 9};
  }
  void read_table(const std::string&, std::span<const Column> columns, std::size_t row_bytes, std::size_t,
                  std::size_t count, void* rows) const override {
    auto* row = static_cast<std::byte*>(rows);
    for (std::size_t i = 0; i < count; ++i, row += row_bytes) {
      for (const Column& column : columns) {
        std::byte* cell = row + column.offset;
        const std::int64_t whole = bytes_.integer();
        const auto half = static_cast<std::int32_t>(whole);
        const double number = column.type == CellType::f64 ? bytes_.real() : 0;
        if (column.type == CellType::i32)
          std::memcpy(cell, &half, sizeof half);
        else if (column.type == CellType::f64)
          std::memcpy(cell, &number, sizeof number);
        else if (column.type == CellType::text)
          std::memset(cell, bytes_.next(), column.width);
        else
          std::memcpy(cell, &whole, sizeof whole);
      }
    }
  }
  void read_rows(const std::string&, std::size_t, std::size_t, std::span<double> values) const override {
    std::ranges::fill(values, 0);
  }
  void read_rows(const std::string&, std::size_t, std::size_t,
                 std::span<std::int64_t> values) const override {
    std::ranges::fill(values, 0);
  }

 private:
  std::filesystem::path path_ = "bytes";
  mutable BytesOfInput bytes_;
  mutable std::map<std::string, std::size_t> sizes_;
};

}  // namespace

void fuzz_result_file(std::string_view bytes) {
  const std::filesystem::path file = fuzz_folder() / "any.h5";
  write_bytes(file, bytes);
  try {
    show(load_results(file).points);
  } catch (const ConfigError&) {
    return;
  } catch (const Hdf5Error&) {
    return;
  }
}

void fuzz_result_values(std::string_view bytes) {
  try {
    show({load_point(ValuesOfBytes(bytes), "/")});
  } catch (const Hdf5Error&) {
    return;
  }
}

}  // namespace speclab
