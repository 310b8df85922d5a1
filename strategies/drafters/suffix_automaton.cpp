#include "strategies/drafters/suffix_automaton.h"

#include <algorithm>

namespace speclab {
namespace {

constexpr auto before = [](const SuffixAutomaton::Follower& follower, Token token) {
  return follower.token < token;
};

}  // namespace

int SuffixAutomaton::follow(int state, Token token) const {
  const std::vector<Follower>& all = at(state).followers;
  const auto found = std::lower_bound(all.begin(), all.end(), token, before);
  return found != all.end() && found->token == token ? found->state : kNone;
}

void SuffixAutomaton::set_follower(int state, Token token, int to) {
  std::vector<Follower>& all = at(state).followers;
  const auto place = std::lower_bound(all.begin(), all.end(), token, before);
  if (place != all.end() && place->token == token) {
    place->state = to;
  } else {
    all.insert(place, {token, to});
  }
}

void SuffixAutomaton::append(Token token) {
  const int fresh = static_cast<int>(states_.size());
  states_.emplace_back().length = size_ + 1;
  int from = whole_;
  for (; from != kNone && follow(from, token) == kNone; from = shorter(from)) {
    set_follower(from, token, fresh);
  }
  int shorter_one = kEmpty;
  if (from != kNone) {
    const int seen = follow(from, token);
    shorter_one = length(seen) == length(from) + 1 ? seen : split(from, token, seen);
  }
  at(fresh).shorter = shorter_one;
  whole_ = fresh;
  for (int state = fresh; state != kEmpty; state = shorter(state)) {
    ++at(state).count;
    at(state).last = size_;
  }
  ++size_;
}

// The strings of `longer` that are no longer than those that come of `from` get a state of their own: from
// now on they end at one place more than the others.
int SuffixAutomaton::split(int from, Token token, int longer) {
  const int made = static_cast<int>(states_.size());
  states_.push_back(State(at(longer)));
  at(made).length = length(from) + 1;
  at(longer).shorter = made;
  for (; from != kNone && follow(from, token) == longer; from = shorter(from)) {
    set_follower(from, token, made);
  }
  return made;
}

}  // namespace speclab
