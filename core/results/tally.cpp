#include "core/results/tally.h"

#include <algorithm>
#include <limits>

namespace speclab {
namespace {

RunTally& run_of(std::vector<RunTally>& runs, int role, int repeat) {
  const auto found = std::ranges::find_if(
      runs, [&](const RunTally& run) { return run.role() == role && run.repeat() == repeat; });
  return found != runs.end() ? *found : runs.emplace_back(role, repeat);
}

}  // namespace

const TimeTally& RunTally::time(bool admission, int actor, Op op) const {
  return times_[admission ? 1 : 0][actor * kOps + static_cast<int>(op)];
}

void RunTally::admit(int sequence, Seconds measured, Seconds priced) {
  PromptTally& tally = prompt(sequence);
  tally.admission_measured += measured;
  tally.admission_priced += priced;
}

void RunTally::append_to(Hdf5File& file) const {
  std::vector<PromptRecord> prompts;
  std::vector<PassSumRecord> passes;
  std::vector<AcceptedRecord> accepted;
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    const PromptTally& p = prompts_[i];
    const auto sequence = static_cast<std::int32_t>(i);
    prompts.push_back({role_, repeat_, sequence, p.steps, p.drafted, p.proposed, p.probes, p.accepted,
                       p.emitted, p.measured, p.priced, p.admission_measured, p.admission_priced});
    passes.push_back({role_, repeat_, sequence, p.passes});
    for (std::size_t n = 0; n < p.by_accepted.size(); ++n) {
      accepted.push_back({role_, repeat_, sequence, static_cast<std::int32_t>(n), p.by_accepted[n]});
    }
  }
  std::vector<TimeRecord> times;
  for (int admission = 0; admission < 2; ++admission) {
    for (int i = 0; i < actors() * kOps; ++i) {
      const TimeTally& t = times_[admission][i];
      times.push_back({role_, repeat_, admission, i / kOps, i % kOps, t.charges, t.measured, t.priced,
                       t.sequences, t.new_tokens, t.rows, t.context, t.pairs});
    }
  }
  file.append<PromptRecord>("prompts", prompts);
  file.append<PassSumRecord>("passes", passes);
  file.append<AcceptedRecord>("accepted", accepted);
  file.append<TimeRecord>("time", times);
}

std::vector<RunTally> RunTally::read(const Hdf5Reader& file, const std::string& group, RowCheck& check) {
  std::vector<RunTally> runs;
  const auto rows = [&]<class Row>(const std::string& table, const auto& take) {
    const std::vector<Row> all = file.read<Row>(group + table);
    check.table(group + table, all.size());
    for (const Row& row : all) take(row);
  };
  rows.operator()<PromptRecord>("prompts", [&](const PromptRecord& r) {
    check.sequence(r.role, r.repeat, r.sequence);
    for (const auto& [value, column] : {std::pair{r.steps, "steps"}, std::pair{r.drafted, "drafted"},
                                        std::pair{r.proposed, "proposed"}, std::pair{r.probes, "probes"},
                                        std::pair{r.accepted, "accepted"}, std::pair{r.emitted, "emitted"}}) {
      check.count(value, column);
    }
    run_of(runs, r.role, r.repeat).prompt(r.sequence) = {.steps = r.steps,
                                                         .drafted = r.drafted,
                                                         .proposed = r.proposed,
                                                         .probes = r.probes,
                                                         .accepted = r.accepted,
                                                         .emitted = r.emitted,
                                                         .measured = r.measured,
                                                         .priced = r.priced,
                                                         .passes = std::numeric_limits<Seconds>::quiet_NaN(),
                                                         .admission_measured = r.admission_measured,
                                                         .admission_priced = r.admission_priced,
                                                         .by_accepted = {}};
  });
  if (file.has(group + "passes")) {  // files of earlier versions lack it
    rows.operator()<PassSumRecord>("passes", [&](const PassSumRecord& r) {
      check.sequence(r.role, r.repeat, r.sequence);
      run_of(runs, r.role, r.repeat).prompt(r.sequence).passes = r.measured;
    });
  }
  rows.operator()<AcceptedRecord>("accepted", [&](const AcceptedRecord& r) {
    check.sequence(r.role, r.repeat, r.sequence);
    check.accepted(r.role, r.repeat, r.sequence, r.accepted);
    check.count(r.steps, "steps");
    std::vector<std::int64_t>& steps = run_of(runs, r.role, r.repeat).prompt(r.sequence).by_accepted;
    steps.resize(std::max(steps.size(), static_cast<std::size_t>(r.accepted) + 1));
    steps[r.accepted] = r.steps;
  });
  rows.operator()<TimeRecord>("time", [&](const TimeRecord& r) {
    check.work(r.role, r.repeat, r.actor, r.op);
    check.between(r.admission, 0, 1, "admission");
    for (const auto& [value, column] : {std::pair{r.charges, "charges"}, std::pair{r.sequences, "sequences"},
                                        std::pair{r.new_tokens, "new_tokens"}, std::pair{r.rows, "rows"},
                                        std::pair{r.context, "context"}, std::pair{r.pairs, "pairs"}}) {
      check.count(value, column);
    }
    run_of(runs, r.role, r.repeat).slot(r.admission != 0, r.actor, static_cast<Op>(r.op)) = {
        r.charges, r.measured, r.priced, r.sequences, r.new_tokens, r.rows, r.context, r.pairs};
  });
  return runs;
}

}  // namespace speclab
