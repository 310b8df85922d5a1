#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "analysis/certificate/listed_rows.h"
#include "analysis/certificate/trace.h"
#include "analysis/certificate/trace_record.h"

namespace speclab {

// Checks records, turns them into evidence, and keeps account of what the log leaves open.
class TraceEvidence {
 public:
  explicit TraceEvidence(std::uint64_t seed) : evidence_(seed) {}

  // Throws ConfigError where the record contradicts itself or those before it. Settles its rows.
  void add(TraceRecord& record);
  // Throws ConfigError, beginning with `file`, if nothing was added or the rows depend on what was emitted.
  TraceOutcome outcome(const std::string& file) &&;

 private:
  struct Sequence {
    std::uint64_t number = 0;  // by first appearance
    std::optional<std::string> prompt;
    std::optional<std::int64_t> step;  // of its last record
    std::uint64_t text = 0;            // hash of prompt and tokens; 0: not known
    std::int64_t emitted = 0;
  };
  struct Unpaired {
    std::int64_t step = 0;
    std::uint64_t sequence = 0;
    Transforms first;
  };

  void settle_rows(TraceRecord& record);
  void check_tokens(const TraceRecord& record) const;
  void check_emitted(const TraceRecord& record) const;
  Sequence& sequence_of(const TraceRecord& record);
  std::uint64_t context(const Sequence& sequence, const TraceRow& row) const;
  void pair_up(const TraceRecord& record, std::uint64_t sequence, const Transforms& first);
  std::vector<std::string> undecidable() const;

  Evidence evidence_;
  std::size_t vocab_ = 0;  // 0: no complete row was met
  std::unordered_map<std::string, Sequence> sequences_;
  std::unordered_set<std::string> prompts_;
  std::optional<Unpaired> unpaired_;
  ListedRows listed_;
  std::int64_t steps_ = 0, tokens_ = 0;
  std::int64_t drafted_places_ = 0, places_without_row_ = 0;  // the latter of sampled drafts
  std::int64_t places_with_listed_draft_ = 0;
  std::int64_t batch_pairs_ = 0;
  bool prompts_come_again_ = false, any_step_ = false, any_index_ = false;
};

}  // namespace speclab
