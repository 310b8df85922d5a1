#include "analysis/certificate/trace_evidence.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "analysis/certificate/trace_drafts.h"
#include "core/errors.h"
#include "core/numerics/fnv1a.h"
#include "core/random/counter_rng.h"

namespace speclab {
namespace {

constexpr std::int64_t kPrefix = 3;  // tokens whose joint distribution is tested

[[noreturn]] void fail(const TraceRecord& record, const std::string& what) {
  throw ConfigError(fmt::format("{}: {}", record.where, what));
}

std::uint64_t hash_of(const std::string& text) {
  Fnv1a hash;
  hash.add(text);
  return mix64(hash.value());
}

}  // namespace

void TraceEvidence::add(TraceRecord& record) {
  if (record.target.size() != record.emitted.size()) {
    fail(record, fmt::format("there are {} target rows for {} emitted tokens; each has one",
                             record.target.size(), record.emitted.size()));
  }
  settle_rows(record);
  check_tokens(record);
  check_emitted(record);
  TraceDrafts drafts(record);
  Sequence& sequence = sequence_of(record);
  std::vector<Token> candidates;
  for (std::size_t i = 0; i < record.emitted.size(); ++i) {
    const TraceRow& row = record.target[i];
    const auto token = static_cast<Token>(record.emitted[i]);
    if (i < record.accepted.size() && std::ranges::find(drafts.here(), token) == drafts.here().end()) {
      fail(record,
           fmt::format("the accepted token {} (number {}) was not drafted there; drafted were: {}", token,
                       i + 1,
                       drafts.here().empty() ? "none" : fmt::format("{}", fmt::join(drafts.here(), ", "))));
    }
    const bool drafted = !drafts.here().empty();
    const bool row_known = i < record.draft.size() && record.draft[i].known;
    std::vector<double> q;
    candidates.clear();
    if (drafted && record.fixed) {
      for (const Token candidate : drafts.here()) candidates.push_back(symbol(row, candidate));
    } else if (drafted && row_known) {
      q = over_symbols_of(row, record.draft[i]);
      places_with_listed_draft_ += record.draft[i].listed ? 1 : 0;
    }
    drafted_places_ += drafted ? 1 : 0;
    places_without_row_ += drafted && !record.fixed && !row_known ? 1 : 0;
    listed_.add(row, token);
    const Transforms here = evidence_.add({.p = row.probabilities,
                                           .q = q,
                                           .candidates = candidates,
                                           .token = symbol(row, token),
                                           .position = static_cast<int>(i) + 1,
                                           .sequence = sequence.number,
                                           .context = context(sequence, row)});
    if (i == 0) pair_up(record, sequence.number, here);
    drafts.follow(token);
    ++sequence.emitted;
    if (sequence.text != 0) sequence.text = mixed(sequence.text, static_cast<std::uint64_t>(token));
  }
  ++steps_;
  tokens_ += static_cast<std::int64_t>(record.emitted.size());
}

void TraceEvidence::settle_rows(TraceRecord& record) {
  const auto settle_all = [&](std::vector<TraceRow>& rows, const char* name) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      TraceRow& row = rows[i];
      if (!row.known) continue;
      const std::string where = fmt::format("{}: {} row {}", record.where, name, i + 1);
      settle(row, where);
      if (row.listed) continue;
      if (vocab_ == 0) vocab_ = row.probabilities.size();
      if (row.probabilities.size() != vocab_) {
        throw ConfigError(
            fmt::format("{} has {} probabilities, but the first row has {}; all rows of a trace have the "
                        "same vocabulary",
                        where, row.probabilities.size(), vocab_));
      }
    }
  };
  settle_all(record.target, "target");
  settle_all(record.draft, "draft");
}

void TraceEvidence::check_tokens(const TraceRecord& record) const {
  const std::int64_t size = vocab_ > 0 ? static_cast<std::int64_t>(vocab_) : std::int64_t{INT32_MAX} + 1;
  const auto check = [&](const auto& tokens, const std::string& name) {
    for (const std::int64_t token : tokens) {
      if (token >= 0 && token < size) continue;
      fail(record, fmt::format("{} has the token {}, but tokens are from 0 to {}", name, token, size - 1));
    }
  };
  check(record.drafted, "'drafted'");
  check(record.accepted, "'accepted'");
  check(record.emitted, "'emitted'");
  for (const TraceRow& row : record.target) check(row.tokens, "a target row");
  for (const TraceRow& row : record.draft) check(row.tokens, "a draft row");
}

void TraceEvidence::check_emitted(const TraceRecord& record) const {
  const auto& [accepted, emitted] = std::tie(record.accepted, record.emitted);
  if (accepted.size() > emitted.size() || !std::equal(accepted.begin(), accepted.end(), emitted.begin())) {
    fail(record,
         fmt::format("'emitted' [{}] does not begin with 'accepted' [{}]; what is emitted is what was "
                     "accepted, then one more token",
                     fmt::join(emitted, ", "), fmt::join(accepted, ", ")));
  }
  if (emitted.size() > accepted.size() + 1) {
    fail(record,
         fmt::format("{} tokens are emitted after {} were accepted; it can be one more than accepted, "
                     "or as many where the text ended",
                     emitted.size(), accepted.size()));
  }
}

TraceEvidence::Sequence& TraceEvidence::sequence_of(const TraceRecord& record) {
  const auto [at, fresh] = sequences_.try_emplace(record.sequence);
  Sequence& sequence = at->second;
  if (fresh) {
    sequence.number = sequences_.size() - 1;
    sequence.prompt = record.prompt;
    sequence.emitted = record.index.value_or(0);
    if (record.prompt && sequence.emitted == 0) {
      sequence.text = hash_of(*record.prompt);
      prompts_come_again_ = !prompts_.insert(*record.prompt).second || prompts_come_again_;
    }
  }
  if (sequence.prompt != record.prompt) {
    fail(record,
         fmt::format("sequence {} has the prompt {} here, but {} in its first record; give the same, "
                     "or none, in all of them",
                     record.sequence, record.prompt.value_or("none"), sequence.prompt.value_or("none")));
  }
  if (record.index && *record.index != sequence.emitted) {
    fail(record, fmt::format("sequence {} has the index {} here, but {} follows from its records so far; a "
                             "step is missing, or they are not in order",
                             record.sequence, *record.index, sequence.emitted));
  }
  if (!fresh && record.step && record.step == sequence.step) {
    fail(record, fmt::format("sequence {} is in step {} twice; a sequence has one record per step",
                             record.sequence, *record.step));
  }
  sequence.step = record.step;
  any_step_ = any_step_ || record.step.has_value();
  any_index_ = any_index_ || record.index.has_value();
  return sequence;
}

// A listed row's symbols are part of the name: the same text may get other ones where an engine's numbers
// depend on the batch.
std::uint64_t TraceEvidence::context(const Sequence& sequence, const TraceRow& row) const {
  if (sequence.text == 0 || sequence.emitted >= kPrefix) return 0;
  std::uint64_t name = sequence.text;
  for (const Token token : row.tokens) name = mixed(name, static_cast<std::uint64_t>(token));
  return name;
}

void TraceEvidence::pair_up(const TraceRecord& record, std::uint64_t sequence, const Transforms& first) {
  if (!record.step) return;
  if (unpaired_ && unpaired_->step == *record.step && unpaired_->sequence != sequence) {
    evidence_.add_mates(unpaired_->first, first);
    unpaired_.reset();
    ++batch_pairs_;
  } else {
    unpaired_ = Unpaired{*record.step, sequence, first};
  }
}

TraceOutcome TraceEvidence::outcome(const std::string& file) && {
  if (steps_ == 0) throw ConfigError(file + ": there is no record in it; a trace has one per step");
  if (listed_.emitted_token_was_added()) {
    throw ConfigError(file +
                      ": the target rows list the emitted token beside the likeliest ones; list the same "
                      "number of likeliest tokens whatever was emitted, and count the emitted one to the "
                      "rest where it is not among them");
  }
  std::vector<std::string> open = undecidable();
  return {std::move(evidence_), steps_, tokens_, std::move(open)};
}

std::vector<std::string> TraceEvidence::undecidable() const {
  std::vector<std::string> open{
      "The probabilities are the engine's word: whether they are its model's, at the temperature, top-k and "
      "top-p that were asked for, is not tested."};
  if (drafted_places_ == 0) open.push_back("No step drafted anything: nothing speculative is tested.");
  if (places_without_row_ > 0) {
    open.push_back(
        fmt::format("{} of {} places with drafts have sampled drafts and no draft row: there a leak of the "
                    "draft can only "
                    "be seen in the order by probability, and the tokens count as beyond the drafts.",
                    places_without_row_, drafted_places_));
  }
  if (listed_.count() > 0) {
    open.push_back(fmt::format(
        "{} of {} target rows list their likeliest tokens only: differences within the remainder ({:.2g} of "
        "the probability, on average) are not seen.",
        listed_.count(), tokens_, listed_.mean_rest()));
  }
  if (places_with_listed_draft_ > 0) {
    open.push_back(
        fmt::format("{} of {} places with drafts have draft rows of the likeliest tokens only: a leak of the "
                    "draft's other "
                    "tokens shows less in the order by draft ratio.",
                    places_with_listed_draft_, drafted_places_));
  }
  if (batch_pairs_ == 0) {
    open.push_back(any_step_
                       ? "No two neighbouring records are of one step: independence of batch mates is not "
                         "tested."
                       : "There is no 'step': independence of batch mates is not tested.");
  }
  if (!prompts_come_again_) {
    open.push_back(prompts_.empty() ? "There is no 'prompt': joint prefixes are not tested."
                                    : "No prompt comes twice: joint prefixes are not tested.");
  }
  if (!any_index_) open.push_back("There is no 'index': steps that the log leaves out are not noticed.");
  return open;
}

}  // namespace speclab
