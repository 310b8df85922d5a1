#include "analysis/merge.h"

#include <algorithm>
#include <functional>
#include <map>

#include "analysis/point_file.h"
#include "analysis/table.h"
#include "core/results/atomic_file.h"
#include "core/results/hdf5.h"
#include "core/results/hdf5_apart.h"

namespace speclab {
namespace {

PromptSums sums(const LoadedPoint& point, Role role) {
  PromptSums total;
  for (const RunTotals& run : point.runs) {
    if (run.role() != static_cast<int>(role)) continue;
    for (const PromptTotals& prompt : run.prompts()) total += prompt;
  }
  return total;
}

void add_row(Table& table, const LoadedPoint& point) {
  std::map<std::string, nlohmann::json> cells = {
      {"key", point.key}, {"status", point.status}, {"reason", point.reason}, {"signature", point.signature}};
  for (const auto& [name, value] : point.settings) cells[name] = value;
  for (const Role role : {Role::baseline, Role::method}) {
    if (!point.done() || point.repeats(role) == 0) continue;
    const std::string of = role == Role::baseline ? "baseline_" : "method_";
    const PromptSums s = sums(point, role);
    cells[of + "repeats"] = point.repeats(role);
    for (const auto& field : PromptSums::step_fields()) cells[of + field.name] = s.*field.count;
    for (const auto& field : StepCounts::fields()) cells[of + field.name] = s.*field.count;
    for (const auto& field : PromptSums::seconds_fields()) cells[of + field.name] = s.*field.seconds;
  }
  for (const char* first : {"key", "status", "reason", "signature"}) table.column(first);
  for (const auto& [name, value] : cells) table.column(name);
  std::vector<nlohmann::json>& row = table.rows.emplace_back(table.columns.size());
  for (const auto& [name, value] : cells) row[table.column(name)] = value;
}

// A point's file, value by value, through what it is known to hold: nothing else of it reaches the merged
// file. All is read before any of it is written, so that a file that cannot be read to its end leaves
// nothing.
class PointCopy {
 public:
  explicit PointCopy(const Hdf5Reader& from) : from_(from) {
    attributes("");
    attributes("/settings");
    attributes("/provenance");
    table<StepRecord>("/steps");
    table<ChargeRecord>("/charges");
    table<PromptRecord>("/prompts");
    table<AcceptedRecord>("/accepted");
    table<TimeRecord>("/time");
    table<HeadRecord>("/heads");
    table<TimedPassRecord>("/timed_passes");
    table<SequenceRecord>("/sequences");
    if (!from.has("/text")) return;
    writes_.push_back([values = from.read_ints("/text")](Hdf5File& to, const std::string& group) {
      to.append_ints(group + "/text", values);
    });
  }

  void write(Hdf5File& to, const std::string& group) const {
    for (const Write& write : writes_) write(to, group);
  }

 private:
  using Write = std::function<void(Hdf5File&, const std::string& group)>;

  void attributes(const std::string& object) {
    const std::string from = object.empty() ? "/" : object;
    writes_.push_back([object, values = from_.attributes(from)](Hdf5File& to, const std::string& group) {
      to.make_group(group + object);
      for (const auto& [name, value] : values) to.set(group + object, name, value);
    });
  }
  template <class Row>
  void table(const std::string& name) {
    if (!from_.has(name)) return;
    writes_.push_back([name, rows = from_.read<Row>(name)](Hdf5File& to, const std::string& group) {
      to.append<Row>(group + name, rows);
    });
  }

  const Hdf5Reader& from_;
  std::vector<Write> writes_;
};

}  // namespace

Merge::Merge(std::filesystem::path folder)
    : folder_(std::move(folder)),
      merged_{.path = folder_.parent_path() / (folder_.filename().string() + ".h5"), .unreadable = {}},
      file_(Hdf5File::in_memory(merged_.path)) {
  file_.make_group("point");
  file_.set("/", "schema", kSchema);
}

LoadedPoint Merge::add(const std::filesystem::path& part) {
  parts_.insert(part.filename());
  try {
    const Hdf5Apart opened(part);
    LoadedPoint point = load_point(opened, "/");
    const std::string group = "/point/" + point.key;
    if (file_.has(group)) throw Hdf5Error(part, "merging", "another file holds the same point");
    PointCopy(opened).write(file_, group);
    add_row(table_, point);
    ++merged_.points;
    return point;
  } catch (const Hdf5Error& error) {
    merged_.unreadable.push_back(error.what());
    throw;
  }
}

Merged Merge::finish() {
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path().extension() == ".h5" && !parts_.contains(entry.path().filename())) ++merged_.others;
  }
  write_table(file_, "points", table_);
  const std::vector<std::byte> image = file_.image();
  if (!holds(merged_.path, image)) replace_file(merged_.path, image);  // a finished sweep writes nothing
  return merged_;
}

Merged merge_points(const std::filesystem::path& folder, const std::set<std::string>& keys) {
  std::set<std::filesystem::path> parts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".h5") continue;
    if (keys.empty() || keys.contains(entry.path().stem().string())) parts.insert(entry.path());
  }
  Merge merge(folder);
  for (const std::filesystem::path& part : parts) {
    try {
      merge.add(part);
    } catch (const Hdf5Error&) {
      continue;  // named in what finish() gives
    }
  }
  return merge.finish();
}

}  // namespace speclab
