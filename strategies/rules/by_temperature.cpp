#include "strategies/rules/by_temperature.h"

#include <fmt/format.h>

namespace speclab {

std::string ByTemperature::judges_on() const {
  const std::string at_zero = rules_[0]->judges_on(), above = rules_[1]->judges_on();
  return at_zero == above ? above : fmt::format("{} at temperature 0, {} above it", at_zero, above);
}

void ByTemperature::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                          std::span<Verdict> verdicts) {
  for (const bool above : {false, true}) {
    std::vector<std::size_t> some;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if ((batch[i]->sampling.temperature > 0) == above) some.push_back(i);
    }
    if (some.empty()) continue;
    AcceptanceRule& rule = *rules_[above];
    if (some.size() == batch.size()) return rule.judge(batch, drafts, target, verdicts);
    std::vector<Sequence*> sequences;
    std::vector<Draft> own_drafts;
    std::vector<Verdict> own_verdicts(some.size());
    Forward own_target = target;
    own_target.first.clear();
    for (const std::size_t i : some) {
      sequences.push_back(batch[i]);
      own_drafts.push_back(drafts[i]);
      own_target.first.push_back(target.first[i]);
    }
    rule.judge(sequences, own_drafts, own_target, own_verdicts);
    for (std::size_t i = 0; i < some.size(); ++i) verdicts[some[i]] = std::move(own_verdicts[i]);
  }
}

}  // namespace speclab
