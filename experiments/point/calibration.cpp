#include "experiments/point/calibration.h"

#include <fmt/format.h>

#include <algorithm>

namespace speclab {

TimedTexts::TimedTexts(const Workload& workload) {
  std::size_t prompts = 0;
  for (const Request& request : workload.requests) prompts += request.prompt.size();
  sequences = std::min(workload.batch, static_cast<int>(workload.requests.size()));
  length = static_cast<int>(prompts / workload.requests.size()) + workload.max_new_tokens / 2;
}

void calibrate(CalibratedCost& prices, std::span<const TimedModel> models, const TimedTexts& texts,
               ModelCache& cache, Clock& clock) {
  if (!prices.tables().empty()) return;
  std::map<std::string, PassTable>& known = cache.timed_passes();
  const auto key = [&](const TimedModel& timed) {
    return fmt::format("{} of {} after {}", timed.name, texts.sequences, texts.length);
  };
  std::vector<TimedModel> all(models.begin(), models.end());
  for (TimedModel& timed : all) timed.wanted = timed.name.empty() || !known.contains(key(timed));
  std::vector<PassTable> tables(all.size());
  if (std::ranges::any_of(all, &TimedModel::wanted))
    tables = time_passes(all, clock, texts.sequences, texts.length);
  for (std::size_t m = 0; m < all.size(); ++m) {
    if (!all[m].wanted)
      tables[m] = known.at(key(all[m]));
    else if (!all[m].name.empty())
      known[key(all[m])] = tables[m];
    prices.fill(all[m].actor, std::move(tables[m]));
  }
}

std::vector<TimedPassRecord> timed_passes(const CalibratedCost& prices, const TimedTexts& texts) {
  std::vector<TimedPassRecord> rows;
  for (const auto& [actor, table] : prices.tables()) {
    for (const TimedPass& pass : table) {
      rows.push_back({static_cast<std::int32_t>(actor), pass.sequences, pass.new_tokens, texts.length - 1,
                      kTimedRepeats, pass.seconds, pass.lower, pass.upper});
    }
  }
  return rows;
}

std::string describe_calibration(const TimedTexts& texts, int max_positions, const Provenance& measured) {
  const int cached = texts.length - 1;
  const PassSize largest =
      pass_sizes(texts.sequences, max_positions == 0 ? 0 : max_positions - cached).back();
  return fmt::format("passes of 1 to {} tokens timed on {} ({} at once, {} cached)", largest.new_tokens(),
                     measured.device.empty() ? measured.cpu : measured.device, texts.sequences, cached);
}

}  // namespace speclab
