#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/counts.h"
#include "core/results/hdf5_columns.h"

// The tables of a point's file, as results/README.md describes them. A change here is a new kSchema.
namespace speclab {

inline constexpr std::int64_t kSchema = 2;

inline constexpr std::string_view kDone = "done";
inline constexpr std::string_view kSkipped = "skipped";
inline constexpr std::string_view kFailed = "failed";

inline constexpr std::int64_t kAdmission = -1;  // the step of charges from taking a sequence in

inline constexpr int kMaxRepeats = 4096;  // of baseline and method

// Of a sequence in one run, or of several together. Seconds are NaN where one of the summands was.
struct PromptSums : StepCounts {
  std::int64_t steps = 0;
  std::int64_t drafted = 0;
  double measured = 0, priced = 0;
  double passes = 0;
  double admission_measured = 0, admission_priced = 0;

  struct SecondsField {
    const char* name;
    double PromptSums::*seconds;
    const char* meaning;
  };
  static constexpr auto step_fields() {
    using S = PromptSums;
    return std::array{
        CountField<S>{"steps", &S::steps, "steps that the sequence was in"},
        CountField<S>{"drafted", &S::drafted, "of these, steps that proposed at least one node"}};
  }
  static constexpr auto seconds_fields() {
    using S = PromptSums;
    return std::array{
        SecondsField{"measured_seconds", &S::measured,
                     "its share of its steps: a step's time over all sequences in it"},
        SecondsField{"priced_seconds", &S::priced, "the same by the cost model; NaN: no price"},
        SecondsField{"pass_seconds", &S::passes, "of measured_seconds, those in the models' passes"},
        SecondsField{"admission_measured_seconds", &S::admission_measured,
                     "seconds of taking it in (prefill)"},
        SecondsField{"admission_priced_seconds", &S::admission_priced, "the same by the cost model"}};
  }
  PromptSums& operator+=(const PromptSums& more) {
    static_cast<StepCounts&>(*this) += static_cast<const StepCounts&>(more);
    for (const auto& field : step_fields()) this->*field.count += more.*field.count;
    for (const auto& field : seconds_fields()) this->*field.seconds += more.*field.seconds;
    return *this;
  }
  bool operator==(const PromptSums&) const = default;
};

// All work of one kind in one run.
struct TimeSums : WorkSums {
  std::int64_t charges = 0;
  double measured = 0, priced = 0;
  bool operator==(const TimeSums&) const = default;
};

struct StepRecord : StepCounts {  // /steps: a sequence in a step
  std::int32_t role = 0, repeat = 0;
  std::int64_t step = 0;
  std::int32_t sequence = 0;
  bool operator==(const StepRecord&) const = default;
};

struct ChargeRecord : WorkSums {  // /charges: a piece of work
  std::int32_t role = 0, repeat = 0;
  std::int64_t step = 0;
  std::int32_t sequence = 0;
  std::int32_t actor = 0, op = 0;
  double begin = 0, measured = 0, priced = 0;
};

struct PromptRecord : PromptSums {  // /prompts: a sequence's totals in a run, where steps are not kept
  std::int32_t role = 0, repeat = 0, sequence = 0;
};

struct AcceptedRecord {  // /accepted: a sequence's steps in a run that accepted so many
  std::int32_t role = 0, repeat = 0, sequence = 0, accepted = 0;
  std::int64_t steps = 0;
};

struct TimeRecord : TimeSums {  // /time: all work of a kind in a run
  std::int32_t role = 0, repeat = 0, admission = 0, actor = 0, op = 0;
};

struct HeadRecord {  // /heads: how often a head's guess of a rank is right, where the drafter has heads
  std::int32_t head = 0, rank = 0;  // from 1
  std::int64_t right = 0, places = 0;
};

struct TimedPassRecord {  // /timed_passes: what prices come from, where passes were timed for them
  std::int32_t actor = 0, sequences = 0, new_tokens = 0, context = 0, repeats = 0;
  double seconds = 0, lower = 0, upper = 0;
};

struct SequenceRecord {  // /sequences: a finished sequence
  std::int32_t role = 0, repeat = 0, sequence = 0;
  std::array<char, 32> label{};
  double arrival = 0;
  std::int32_t prompt_tokens = 0, new_tokens = 0;
  std::int64_t text = 0;
  std::uint64_t signature = 0;
};

inline constexpr const char* kRoleMeaning = "0 baseline (plain decoding), 1 method";
inline constexpr const char* kRepeatMeaning = "which of the alternating runs, from 0";
inline constexpr const char* kSequenceMeaning = "the prompt's number, from 0";

// Of a row that has counts, their columns.
template <class Row, class Counts>
void add_counts(std::vector<Column>& columns) {
  for (const auto& f : Counts::fields())
    columns.push_back(column<Row, std::int64_t>(f.name, f.count, f.meaning));
}

template <>
struct Schema<StepRecord> {
  static std::vector<Column> columns() {
    using R = StepRecord;
    std::vector<Column> all{
        column("role", &R::role, kRoleMeaning), column("repeat", &R::repeat, kRepeatMeaning),
        column("step", &R::step, "in the run, from 0"), column("sequence", &R::sequence, kSequenceMeaning)};
    add_counts<R, StepCounts>(all);
    return all;
  }
};

template <>
struct Schema<HeadRecord> {
  static std::vector<Column> columns() {
    using R = HeadRecord;
    return {column("head", &R::head, "which, from 1: it guesses so many tokens after the target's own"),
            column("rank", &R::rank, "of the guess, from 1: the likeliest"),
            column("right", &R::right, "places where that guess is the token that plain decoding wrote"),
            column("places", &R::places, "places that it guessed, the tokens before them given")};
  }
};

template <>
struct Schema<ChargeRecord> {
  static std::vector<Column> columns() {
    using R = ChargeRecord;
    std::vector<Column> all{
        column("role", &R::role, kRoleMeaning),
        column("repeat", &R::repeat, kRepeatMeaning),
        column("step", &R::step, "the step, or -1: from taking a sequence in (prefill)"),
        column("sequence", &R::sequence, "where the step is -1: the prompt's number; otherwise -1"),
        column("actor", &R::actor, "0 host, 1 target, 2 + i the i-th draft model"),
        column("op", &R::op, "0 forward, 1 keep, 2 rewind, 3 draft, 4 judge, 5 rest of the step"),
        column("begin", &R::begin, "seconds since the clock was made"),
        column("measured_seconds", &R::measured, "seconds, without the charges within it; NaN: not measured"),
        column("priced_seconds", &R::priced, "seconds by the cost model; NaN: no price")};
    add_counts<R, WorkSums>(all);
    return all;
  }
};

template <>
struct Schema<PromptRecord> {
  static std::vector<Column> columns() {
    using R = PromptRecord;
    std::vector<Column> all{column("role", &R::role, kRoleMeaning),
                            column("repeat", &R::repeat, kRepeatMeaning),
                            column("sequence", &R::sequence, kSequenceMeaning)};
    for (const auto& f : R::step_fields()) all.push_back(column<R, std::int64_t>(f.name, f.count, f.meaning));
    add_counts<R, StepCounts>(all);
    for (const auto& f : R::seconds_fields()) all.push_back(column<R, double>(f.name, f.seconds, f.meaning));
    return all;
  }
};

template <>
struct Schema<AcceptedRecord> {
  static std::vector<Column> columns() {
    using R = AcceptedRecord;
    return {column("role", &R::role, kRoleMeaning), column("repeat", &R::repeat, kRepeatMeaning),
            column("sequence", &R::sequence, kSequenceMeaning),
            column("accepted", &R::accepted, "nodes accepted in a step"),
            column("steps", &R::steps, "drafting steps in which so many were accepted")};
  }
};

template <>
struct Schema<TimeRecord> {
  static std::vector<Column> columns() {
    using R = TimeRecord;
    std::vector<Column> all{
        column("role", &R::role, kRoleMeaning),
        column("repeat", &R::repeat, kRepeatMeaning),
        column("admission", &R::admission, "1: from taking sequences in (prefill), 0: from steps"),
        column("actor", &R::actor, "as in /charges"),
        column("op", &R::op, "as in /charges"),
        column<R, std::int64_t>("charges", &R::charges, "how many"),
        column<R, double>("measured_seconds", &R::measured, "sum; NaN: not measured"),
        column<R, double>("priced_seconds", &R::priced, "sum; NaN: one had no price")};
    add_counts<R, WorkSums>(all);
    return all;
  }
};

template <>
struct Schema<TimedPassRecord> {
  static std::vector<Column> columns() {
    using R = TimedPassRecord;
    return {column("actor", &R::actor, "whose pass, as in /charges"),
            column("sequences", &R::sequences, "in the pass"),
            column("new_tokens", &R::new_tokens, "positions evaluated, of all its sequences"),
            column("context", &R::context, "positions of each sequence that were cached before"),
            column("repeats", &R::repeats, "how often it was timed"),
            column("seconds", &R::seconds, "the median: the price"),
            column("lower_quartile", &R::lower, "seconds"),
            column("upper_quartile", &R::upper, "seconds")};
  }
};

template <>
struct Schema<SequenceRecord> {
  static std::vector<Column> columns() {
    using R = SequenceRecord;
    return {
        column("role", &R::role, kRoleMeaning),
        column("repeat", &R::repeat, kRepeatMeaning),
        column("sequence", &R::sequence, kSequenceMeaning),
        column("label", &R::label, "the prompt's kind"),
        column("arrival", &R::arrival, "seconds on the run's clock"),
        column("prompt_tokens", &R::prompt_tokens, "tokens"),
        column("new_tokens", &R::new_tokens, "tokens"),
        column("text", &R::text, "where prompt and new tokens begin in /text; equal texts of a prompt share"),
        column("signature", &R::signature, "hash of prompt and new tokens")};
  }
};

}  // namespace speclab
