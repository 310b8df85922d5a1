#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/decoder.h"
#include "core/results/result_rows.h"

namespace speclab {

// A point runs A B A B: plain decoding, and the method, over the same prompts.
enum class Role : std::uint8_t { baseline, method };

// One resolved setting set of an experiment.
struct PointSettings {
  std::string experiment;
  std::map<std::string, nlohmann::json> settings;  // by dotted name; defaults and the seed included

  std::uint64_t key() const;  // of the settings alone; the same on every machine
  std::string name() const;   // the key in 16 hexadecimal digits: the stem of the point's file
};

// Where and by what a point was made. Empty where unknown.
struct Provenance {
  std::string version, git_commit;
  bool dirty = false;
  std::string compiler, build_type;
  std::string cpu, device;  // the device that was measured, if any
  int cores = 0;
  std::string host, os;
  std::map<std::string, std::string> libraries;  // name -> version
  ClockKind clock = ClockKind::wall;
  std::string judged_on;   // where the rule read the target's rows: "host", "device", ...
  std::string started_at;  // UTC, ISO 8601
  std::string command_line;
  // What prices are prices of; empty without a price.
  std::string priced_device, priced_target, priced_draft;
  std::string priced_memory;  // what the priced models need of it
  std::string priced_error;   // what is known of how far prices are off
  // What a reader should know of how files and settings were taken, a sentence each.
  std::vector<std::string> remarks;
  // Likewise, of settings that have no effect at this point, and may have at others of its sweep.
  std::vector<std::string> unused;
};

// Where a run's raw observations go. Nothing here is derived; analysis/ does that.
// begin, then per run: start_run, and admit, step, retire as they happen; then finish.
// A sequence's id is its prompt's: the same in every run, counted from 0.
class Recorder {
 public:
  virtual ~Recorder() = default;

  virtual void begin(const PointSettings& settings, const Provenance& provenance) = 0;
  // How right a drafter's heads are, measured beforehand; see HeadRecord.
  virtual void heads(std::span<const HeadRecord>) {}
  // What prices come from, where passes were timed for them.
  virtual void timed_passes(std::span<const TimedPassRecord>) {}
  virtual void start_run(Role role, int repeat) = 0;  // a run decodes all prompts once

  // `priced` has a price per charge, NaN where there is none, or is empty: no prices, or a priced clock.
  virtual void admit(const Sequence& sequence, std::span<const Charge> charges,
                     std::span<const Seconds> priced) = 0;
  virtual void step(std::int64_t step, std::span<const StepRow> rows, std::span<const Charge> charges,
                    std::span<const Seconds> priced) = 0;
  // The label groups prompts of a kind; `arrival` is when the request came, on the run's clock.
  virtual void retire(const Sequence& sequence, std::string_view label, Seconds arrival) = 0;

  // One of these ends the point, and makes it visible: it ran; it makes no sense; it broke.
  virtual void finish() = 0;
  virtual void skip(std::string_view reason) = 0;
  virtual void fail(std::string_view reason) = 0;
};

// A hash of tokens; the same on every machine.
std::uint64_t text_signature(std::span<const Token> text);

}  // namespace speclab
