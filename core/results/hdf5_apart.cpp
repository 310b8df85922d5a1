#include "core/results/hdf5_apart.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>

#include "core/results/hdf5.h"
#include "core/results/hdf5_library.h"

namespace speclab {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMemory = std::uint64_t{1} << 31;
// Of processor time, for a whole file: some for any, and what a sound one takes several times over.
constexpr unsigned kSeconds = 10;
constexpr std::uintmax_t kBytesPerSecond = 2 << 20;

// Of files that the reader may have open beside its own. Sanitizers look at memory through a pipe.
#ifdef SPECLAB_SANITIZED
constexpr rlim_t kMoreFiles = 16;
#else
constexpr rlim_t kMoreFiles = 0;
#endif

json to_json(std::span<const Column> columns) {
  json list = json::array();
  for (const Column& c : columns) list.push_back({c.name, static_cast<int>(c.type), c.offset, c.width});
  return list;
}

std::vector<Column> columns_of(const json& list) {
  std::vector<Column> columns;
  for (const json& c : list)
    columns.push_back({c[0], static_cast<CellType>(c[1].get<int>()), c[2], c[3], ""});
  return columns;
}

template <class Number>
json rows(const Hdf5File& file, const json& question) {
  std::vector<std::uint8_t> bytes(question.at("room").get<std::size_t>() * sizeof(Number));
  const std::span<Number> numbers(reinterpret_cast<Number*>(bytes.data()), bytes.size() / sizeof(Number));
  file.read_rows(question.at("dataset"), question.at("first"), question.at("count"), numbers);
  return json::binary(std::move(bytes));
}

json answer(const Hdf5File& file, const json& question) {
  const std::string call = question.at("call");
  if (call == "has") return file.has(question.at("object"));
  if (call == "children") return file.children(question.at("object"));
  if (call == "get") return file.get(question.at("object"), question.at("name"));
  if (call == "attributes") return file.attributes(question.at("object"));
  if (call == "shape") return file.shape(question.at("dataset"));
  if (call == "reals") return rows<double>(file, question);
  if (call == "integers") return rows<std::int64_t>(file, question);
  const auto row_bytes = question.at("row_bytes").get<std::size_t>();
  const auto count = question.at("count").get<std::size_t>();
  std::vector<std::uint8_t> bytes(row_bytes * count);
  file.read_table(question.at("dataset"), columns_of(question.at("columns")), row_bytes, question.at("first"),
                  count, bytes.data());
  return json::binary(std::move(bytes));
}

// The reader's side: it opens the file, and from then on can open nothing else.
Stem::Answer reader(const std::filesystem::path& path) {
  const auto refusal = [](const Hdf5Error& error) {
    return json::to_cbor(json{{"call", error.call()}, {"reason", error.reason()}});
  };
  std::shared_ptr<Hdf5File> file;
  Stem::Bytes refused;
  try {
    file = std::make_shared<Hdf5File>(Hdf5File::open(path));
  } catch (const Hdf5Error& error) {
    refused = refusal(error);
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max = kMoreFiles;
  setrlimit(RLIMIT_NOFILE, &files);
  return [file, refused, refusal](const Stem::Bytes& question) {
    if (!file) return refused;
    try {
      return json::to_cbor(json{{"value", answer(*file, json::from_cbor(question))}});
    } catch (const Hdf5Error& error) {
      return refusal(error);
    } catch (const std::bad_alloc&) {
      return refusal(Hdf5Error(file->path(), "reading", "it takes too much memory"));
    }
  };
}

std::shared_ptr<Stem> make_stem() {
  const hdf5::Lock lock;  // no other thread is within the library while the process divides
  return std::make_shared<Stem>(
      hdf5::only_thread,
      [](const Stem::Bytes& path) { return reader(std::string(path.begin(), path.end())); }, kMemory);
}

// One for the process; another where that has ended, or is of the process that this one was forked off.
std::shared_ptr<Stem> stem(bool another) {
  static std::mutex mutex;
  static std::shared_ptr<Stem> made;
  const std::lock_guard lock(mutex);
  if (another || !made || !made->of_this_process()) made = make_stem();
  return made;
}

std::unique_ptr<Apart> copy_of_stem(const std::string& path, unsigned seconds) {
  const Stem::Bytes subject(path.begin(), path.end());
  try {
    return std::make_unique<Apart>(stem(false), subject, seconds);
  } catch (const std::system_error& error) {
    if (error.code().value() != ECHILD) throw;
  }
  return std::make_unique<Apart>(stem(true), subject, seconds);
}

unsigned seconds_for(const std::filesystem::path& path) {
  std::error_code none;
  const std::uintmax_t bytes = std::filesystem::file_size(path, none);
  return kSeconds +
         (none ? 0 : static_cast<unsigned>(std::min<std::uintmax_t>(bytes / kBytesPerSecond, 1 << 20)));
}

}  // namespace

void Hdf5Apart::prepare() {
  try {
    stem(false);
  } catch (const std::system_error&) {
    return;  // the first file says so
  }
}

Hdf5Apart::Hdf5Apart(std::filesystem::path path) : path_(std::move(path)) {
  try {
    process_ = copy_of_stem(std::filesystem::absolute(path_).string(), seconds_for(path_));
  } catch (const std::system_error& error) {
    throw Hdf5Error(path_, "starting a process that reads it", error.what());
  }
  has("/");  // the first question tells whether it is open
}

template <class Value>
Value Hdf5Apart::ask(const json& question) const {
  constexpr std::size_t kSmall = 1 << 14, kMaxKnown = 1 << 10;
  const Apart::Bytes asked = json::to_cbor(question);
  try {
    const std::string key(asked.begin(), asked.end());
    if (const auto found = known_.find(key); found != known_.end()) return found->second.get<Value>();
    const Apart::Bytes answer = process_->ask(asked);
    const json reply = json::from_cbor(answer);
    if (!reply.contains("value")) throw Hdf5Error(path_, reply.at("call"), reply.at("reason"));
    if (answer.size() <= kSmall && known_.size() < kMaxKnown) known_.emplace(key, reply["value"]);
    return reply["value"].get<Value>();
  } catch (const ProcessEnded& end) {
    throw Hdf5Error(
        path_, "reading",
        fmt::format("it is damaged: the HDF5 library, reading it in a process of its own, {}", end.what()));
  } catch (const json::exception& error) {
    throw Hdf5Error(path_, "reading", fmt::format("it is damaged: {}", error.what()));
  }
}

void Hdf5Apart::ask_for_bytes(const json& question, void* to, std::size_t size) const {
  const auto bytes = ask<json::binary_t>(question);
  if (bytes.size() != size)
    throw Hdf5Error(path_, "reading",
                    "it is damaged: the process that reads it gave another number of bytes");
  if (size > 0) std::memcpy(to, bytes.data(), size);
}

bool Hdf5Apart::has(const std::string& object) const {
  return ask<bool>({{"call", "has"}, {"object", object}});
}

std::vector<std::string> Hdf5Apart::children(const std::string& group) const {
  return ask<std::vector<std::string>>({{"call", "children"}, {"object", group}});
}

json Hdf5Apart::get(const std::string& object, const std::string& name) const {
  return ask<json>({{"call", "get"}, {"object", object}, {"name", name}});
}

std::map<std::string, json> Hdf5Apart::attributes(const std::string& object) const {
  return ask<std::map<std::string, json>>({{"call", "attributes"}, {"object", object}});
}

std::vector<std::size_t> Hdf5Apart::shape(const std::string& dataset) const {
  return ask<std::vector<std::size_t>>({{"call", "shape"}, {"dataset", dataset}});
}

void Hdf5Apart::read_table(const std::string& dataset, std::span<const Column> columns, std::size_t row_bytes,
                           std::size_t first, std::size_t count, void* rows) const {
  ask_for_bytes({{"call", "table"},
                 {"dataset", dataset},
                 {"columns", to_json(columns)},
                 {"row_bytes", row_bytes},
                 {"first", first},
                 {"count", count}},
                rows, row_bytes * count);
}

void Hdf5Apart::read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                          std::span<double> values) const {
  ask_for_bytes(
      {{"call", "reals"}, {"dataset", dataset}, {"first", first}, {"count", count}, {"room", values.size()}},
      values.data(), values.size_bytes());
}

void Hdf5Apart::read_rows(const std::string& dataset, std::size_t first, std::size_t count,
                          std::span<std::int64_t> values) const {
  ask_for_bytes({{"call", "integers"},
                 {"dataset", dataset},
                 {"first", first},
                 {"count", count},
                 {"room", values.size()}},
                values.data(), values.size_bytes());
}

}  // namespace speclab
