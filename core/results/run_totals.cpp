#include "core/results/run_totals.h"

#include <algorithm>

namespace speclab {
namespace {

RunTotals& run_of(std::vector<RunTotals>& runs, int role, int repeat) {
  const auto found = std::ranges::find_if(
      runs, [&](const RunTotals& run) { return run.role() == role && run.repeat() == repeat; });
  return found != runs.end() ? *found : runs.emplace_back(role, repeat);
}

}  // namespace

const TimeSums& RunTotals::time(bool admission, int actor, Op op) const {
  return times_[admission ? 1 : 0][actor * kOps + static_cast<int>(op)];
}

void RunTotals::admit(int sequence, Seconds measured, Seconds priced) {
  PromptTotals& tally = prompt(sequence);
  tally.admission_measured += measured;
  tally.admission_priced += priced;
}

void RunTotals::append_to(Hdf5File& file) const {
  std::vector<PromptRecord> prompts;
  std::vector<AcceptedRecord> accepted;
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    const PromptTotals& p = prompts_[i];
    const auto sequence = static_cast<std::int32_t>(i);
    prompts.push_back({p, role_, repeat_, sequence});
    for (std::size_t n = 0; n < p.by_accepted.size(); ++n) {
      accepted.push_back({role_, repeat_, sequence, static_cast<std::int32_t>(n), p.by_accepted[n]});
    }
  }
  std::vector<TimeRecord> times;
  for (int admission = 0; admission < 2; ++admission) {
    for (int i = 0; i < actors() * kOps; ++i) {
      times.push_back({times_[admission][i], role_, repeat_, admission, i / kOps, i % kOps});
    }
  }
  file.append<PromptRecord>("prompts", prompts);
  file.append<AcceptedRecord>("accepted", accepted);
  file.append<TimeRecord>("time", times);
}

std::vector<RunTotals> RunTotals::read(const Hdf5Reader& file, const std::string& group, RowCheck& check) {
  std::vector<RunTotals> runs;
  const auto rows = [&]<class Row>(const std::string& table, const auto& take) {
    const std::vector<Row> all = file.read<Row>(group + table);
    check.table(group + table, all.size());
    for (const Row& row : all) take(row);
  };
  rows.operator()<PromptRecord>("prompts", [&](const PromptRecord& r) {
    check.sequence(r.role, r.repeat, r.sequence);
    for (const auto& field : PromptSums::step_fields()) check.count(r.*field.count, field.name);
    check.counts<StepCounts>(r);
    static_cast<PromptSums&>(run_of(runs, r.role, r.repeat).prompt(r.sequence)) = r;
  });
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
    check.count(r.charges, "charges");
    check.counts<WorkSums>(r);
    run_of(runs, r.role, r.repeat).slot(r.admission != 0, r.actor, static_cast<Op>(r.op)) = r;
  });
  return runs;
}

}  // namespace speclab
