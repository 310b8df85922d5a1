#include "analysis/step_rows.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

namespace speclab {
namespace {

struct Total {
  Seconds measured = 0, priced = 0, passes = 0;
  int batch = 0;  // sequences in the step
  void add(const ChargeRecord& charge) {
    measured += charge.measured;
    priced += charge.priced;
    if (is_pass(static_cast<Actor>(charge.actor), static_cast<Op>(charge.op))) passes += charge.measured;
    if (static_cast<Op>(charge.op) == Op::step) batch = static_cast<int>(charge.sequences);
  }
};

Work work_of(const ChargeRecord& c) {
  return {static_cast<Actor>(c.actor),
          static_cast<Op>(c.op),
          static_cast<int>(c.sequences),
          static_cast<int>(c.new_tokens),
          static_cast<int>(c.rows),
          c.context,
          c.pairs};
}

// One run's rows, counted as the recorder would have counted them.
RunTotals replay(std::span<const StepRecord> steps, std::span<const ChargeRecord> charges, int role,
                 int repeat) {
  RunTotals tally(role, repeat);
  std::map<std::int64_t, Total> of_step;
  for (std::size_t i = 0; i < charges.size();) {
    const std::int64_t step = charges[i].step;
    const std::int32_t sequence = charges[i].sequence;
    Total total;
    for (; i < charges.size() && charges[i].step == step && charges[i].sequence == sequence; ++i) {
      total.add(charges[i]);
      tally.charge(step == kAdmission, work_of(charges[i]), charges[i].measured, charges[i].priced);
    }
    if (step == kAdmission)
      tally.admit(sequence, total.measured, total.priced);
    else
      of_step[step] = total;
  }
  std::vector<StepRow> rows;
  for (std::size_t i = 0; i < steps.size();) {
    const std::int64_t step = steps[i].step;
    rows.clear();
    for (; i < steps.size() && steps[i].step == step; ++i) {
      rows.push_back({steps[i], SequenceId{steps[i].sequence}});
    }
    const Total total = of_step[step];
    tally.step(rows, total.measured, total.priced, total.passes, total.batch);
  }
  return tally;
}

// The stretches of rows that are of one run, in their order.
template <class Row>
std::vector<std::span<const Row>> stretches(std::span<const Row> rows) {
  std::vector<std::span<const Row>> found;
  while (!rows.empty()) {
    const Row& first = rows.front();
    const auto end = std::ranges::find_if(
        rows, [&](const Row& row) { return row.role != first.role || row.repeat != first.repeat; });
    const auto size = static_cast<std::size_t>(end - rows.begin());
    found.push_back(rows.first(size));
    rows = rows.subspan(size);
  }
  return found;
}

void check_steps(std::span<const StepRecord> rows, RowCheck& check) {
  for (const StepRecord& row : rows) {
    check.sequence(row.role, row.repeat, row.sequence);
    check.counts<StepCounts>(row);
    check.accepted(row.role, row.repeat, row.sequence, row.accepted);
  }
}

void check_charges(std::span<const ChargeRecord> rows, RowCheck& check) {
  for (const ChargeRecord& row : rows) {
    check.work(row.role, row.repeat, row.actor, row.op);
    if (row.step == kAdmission) check.sequence(row.role, row.repeat, row.sequence);
    check.counts<WorkSums>(row);
  }
}

}  // namespace

std::vector<RunTotals> read_steps(const Hdf5Reader& file, const std::string& group, RowCheck& check) {
  const std::vector<StepRecord> steps = file.read<StepRecord>(group + "steps");
  check.table(group + "steps", steps.size());
  check_steps(steps, check);
  const std::vector<ChargeRecord> charges = file.read<ChargeRecord>(group + "charges");
  check.table(group + "charges", charges.size());
  check_charges(charges, check);
  std::map<std::pair<int, int>, std::span<const ChargeRecord>> charges_of;
  for (const auto& rows : stretches<ChargeRecord>(charges))
    charges_of.try_emplace({rows.front().role, rows.front().repeat}, rows);
  std::vector<RunTotals> runs;
  for (const auto& rows : stretches<StepRecord>(steps)) {
    const int role = rows.front().role, repeat = rows.front().repeat;
    runs.push_back(replay(rows, charges_of[{role, repeat}], role, repeat));
  }
  return runs;
}

}  // namespace speclab
