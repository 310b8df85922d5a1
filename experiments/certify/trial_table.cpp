#include "experiments/certify/trial_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/table.h"
#include "experiments/certify/controls.h"

namespace speclab {
namespace {

std::string strategy(const Trials& t) {
  return t.options.control.empty() ? "speculative_sampling" : t.options.control;
}

std::string bug(const Trials& t) {
  return t.options.control.empty() ? "none: the correct rule"
                                   : std::string(find_control(t.options.control).bug);
}

}  // namespace

std::string to_text(const std::vector<Trials>& all) {
  if (all.empty()) return "";
  const TrialOptions& o = all.front().options;
  std::string out = fmt::format(
      "verdicts of certificates at {}{} tokens, family-wise level {}, one random world per seed\n",
      o.until_decided ? "up to " : "", o.tokens, o.certificate.level);
  std::size_t widest = 8, world = 5;
  for (const Trials& t : all) {
    widest = std::max(widest, strategy(t).size());
    world = std::max(world, t.outcome.world.size());
  }
  out += fmt::format("{:<{}}  {:>13}  {:>17}  {:>9}  {:>11}  {:<{}}  {}\n", "strategy", widest, "LOSSY/seeds",
                     "share, 95 %", "UNDECIDED", "tokens", "world", world, "what is wrong with it");
  for (const Trials& t : all) {
    const TrialOutcome& r = t.outcome;
    out += fmt::format("{:<{}}  {:>13}  {:>17}  {:>9}  {:>11}  {:<{}}  {}\n", strategy(t), widest,
                       fmt::format("{}/{}", r.lossy, r.seeds), fmt::format("[{:.4f}, {:.4f}]", r.low, r.high),
                       r.undecided, r.tokens, r.world, world, bug(t));
  }
  return out;
}

void write_trials(Hdf5File& file, const std::string& dataset, const std::vector<Trials>& all) {
  Table table{.columns = {"strategy", "bug", "world", "seeds", "lossy", "undecided", "share_low",
                          "share_high", "tokens", "tokens_each", "until_decided", "level", "first_seed"},
              .rows = {}};
  for (const Trials& t : all) {
    const TrialOutcome& r = t.outcome;
    table.rows.push_back({strategy(t), bug(t), r.world, r.seeds, r.lossy, r.undecided, r.low, r.high,
                          r.tokens, t.options.tokens, t.options.until_decided ? 1 : 0,
                          t.options.certificate.level, t.options.first_seed});
  }
  write_table(file, dataset, table);
}

}  // namespace speclab
