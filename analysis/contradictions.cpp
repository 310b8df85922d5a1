#include "analysis/contradictions.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace speclab {

std::vector<std::string> contradictions(const LoadedPoint& point) {
  std::vector<std::string> found;
  std::map<std::pair<int, int>, std::set<std::uint64_t>> texts;  // (role, prompt) -> signatures
  for (const SequenceRecord& sequence : point.sequences) {
    const auto role = static_cast<Role>(sequence.role);
    const char* const name = role == Role::baseline ? "baseline" : "method";
    texts[{sequence.role, sequence.sequence}].insert(sequence.signature);
    const RunTotals* run = point.run(role, sequence.repeat);
    if (run == nullptr || static_cast<std::size_t>(sequence.sequence) >= run->prompts().size()) {
      if (sequence.new_tokens > 0)
        found.push_back(fmt::format("{} prompt {} has text but no steps", name, sequence.sequence));
      continue;
    }
    const PromptTotals& tally = run->prompts()[sequence.sequence];
    if (tally.emitted != sequence.new_tokens) {
      found.push_back(fmt::format("{} prompt {} repeat {}: steps emitted {} tokens, the text grew by {}",
                                  name, sequence.sequence, sequence.repeat, tally.emitted,
                                  sequence.new_tokens));
    }
    if (tally.accepted > tally.proposed || tally.emitted > tally.accepted + tally.steps) {
      found.push_back(fmt::format("{} prompt {} repeat {}: {} proposed, {} accepted, {} emitted in {} steps",
                                  name, sequence.sequence, sequence.repeat, tally.proposed, tally.accepted,
                                  tally.emitted, tally.steps));
    }
  }
  for (const auto& [who, signatures] : texts) {
    if (signatures.size() == 1) continue;
    found.push_back(fmt::format("{} prompt {}: repeats gave {} different texts",
                                who.first == 0 ? "baseline" : "method", who.second, signatures.size()));
  }
  return found;
}

}  // namespace speclab
