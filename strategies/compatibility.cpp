#include "strategies/compatibility.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/errors.h"

namespace speclab {
namespace {

std::string name(Draw draw) {
  switch (draw) {
    case Draw::fixed:
      return "fixed";
    case Draw::without_replacement:
      return "without-replacement";
    case Draw::independent:
      return "independent";
  }
  return "";
}

// Where no node has two candidates, putting back makes no difference.
bool accepts(const RuleRequirements& rule, Draw draw, bool branches) {
  return std::ranges::any_of(rule.draws, [&](Draw wanted) {
    return wanted == draw || (!branches && wanted != Draw::fixed && draw != Draw::fixed);
  });
}

}  // namespace

void check_compatibility(const DraftTraits& drafts, const RuleRequirements& rule, bool greedy) {
  if (greedy) return;
  if (rule.chain && drafts.branches) {
    throw ImpossiblePoint("this rule judges chains, but the drafts branch; use topology.kind = 'chain'");
  }
  if (rule.one_proposer && drafts.proposers > 1) {
    throw ImpossiblePoint(
        fmt::format("this rule judges the guesses of one drafter, but {} are merged here", drafts.proposers));
  }
  for (const Draw draw : drafts.draws) {
    if (drafts.prunes_by_token && draw != Draw::fixed) {
      throw ImpossiblePoint(
          fmt::format("this topology prunes guesses for what they are, so they would not be distributed as "
                      "draw = '{}' says; "
                      "use drafter.draw = 'fixed'",
                      name(draw)));
    }
    if (accepts(rule, draw, drafts.branches)) continue;
    std::vector<std::string> wanted;
    for (const Draw other : rule.draws) wanted.push_back(name(other));
    throw ImpossiblePoint(fmt::format("this rule judges guesses drawn as '{}', but these are '{}'",
                                      fmt::join(wanted, "' or '"), name(draw)));
  }
}

}  // namespace speclab
