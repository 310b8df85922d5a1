#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/results/apart.h"
#include "core/results/hdf5_reader.h"

namespace speclab {

// A file of the disk, which may be damaged or made to do damage. The HDF5 library, which crashes on some such
// files, reads it in a process of its own, which cannot open another file; what comes back are values.
// A process for each file: nothing that a file breaks there reaches another. They divide off one small
// process, as this one may have grown. A small point takes some three milliseconds more than the 0.6 of
// reading it here
// (`build/bench_result_files`, two cores that others used too). Reading the same bytes first in a child and
// then here would not do: memory that was damaged without a crash there may crash here.
class Hdf5Apart : public Hdf5Reader {
 public:
  // Starts the small process now, while this one is small; otherwise the first file does. Harmless if it
  // fails.
  static void prepare();

  // Throws Hdf5Error unless it is a whole HDF5 file.
  explicit Hdf5Apart(std::filesystem::path path);

  const std::filesystem::path& path() const override { return path_; }
  bool has(const std::string& object) const override;
  std::vector<std::string> children(const std::string& group) const override;
  nlohmann::json get(const std::string& object, const std::string& name) const override;
  std::map<std::string, nlohmann::json> attributes(const std::string& object) const override;
  std::vector<std::size_t> shape(const std::string& dataset) const override;
  void read_table(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
                  std::size_t first, std::size_t count, void* rows) const override;
  void read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                 std::span<double> values) const override;
  void read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                 std::span<std::int64_t> values) const override;

 private:
  // As the type that is asked for; a process that was damaged may answer anything.
  template <class Value>
  Value ask(const nlohmann::json& question) const;
  void ask_for_bytes(const nlohmann::json& question, void* to, std::size_t size) const;

  std::filesystem::path path_;
  std::unique_ptr<Apart> process_;
  mutable std::map<std::string, nlohmann::json> known_;  // small answers, by question
};

}  // namespace speclab
