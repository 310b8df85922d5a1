#include "analysis/certificate/trace.h"

#include <fstream>

#include "analysis/certificate/trace_evidence.h"
#include "analysis/certificate/trace_hdf5.h"
#include "analysis/certificate/trace_json.h"
#include "core/errors.h"
#include "core/settings/text_file.h"

namespace speclab {
namespace {

constexpr std::string_view kHdf5Signature = "\x89HDF\r\n\x1a\n";

std::string first_bytes(const std::filesystem::path& file) {
  require_regular_file(file);
  std::ifstream in(file, std::ios::binary);
  std::string bytes(kHdf5Signature.size(), '\0');
  if (!in) throw ConfigError(file.string() + ": it cannot be read");
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

}  // namespace

TraceOutcome read_trace(const std::filesystem::path& file, std::uint64_t seed) {
  const std::string start = first_bytes(file);
  if (start.empty()) throw ConfigError(file.string() + ": the file is empty; a trace has a record per step");
  TraceEvidence evidence(seed);
  const TraceSink sink = [&](TraceRecord& record) { evidence.add(record); };
  if (start == kHdf5Signature) {
    read_hdf5_trace(file, sink);
  } else {
    read_json_trace(file, sink);
  }
  return std::move(evidence).outcome(file.string());
}

}  // namespace speclab
