#pragma once

#include <span>
#include <vector>

#include "core/token_tree.h"

namespace speclab {

// Every substring of a text that grows at its end, with how often it occurs and where it did last: the suffix
// automaton (Blumer et al. 1985). A state stands for all substrings that end at the same places of the text;
// its strings are the suffixes of its longest one, down to one token more than the longest of `shorter`.
class SuffixAutomaton {
 public:
  static constexpr int kNone = -1, kEmpty = 0;  // no state; the state of the empty string
  struct Follower {
    Token token;
    int state;  // of any of the state's strings with the token after it
  };

  SuffixAutomaton() : states_(1) {}

  void append(Token token);

  int size() const { return size_; }                          // tokens
  int whole() const { return whole_; }                        // the state of the whole text
  int length(int state) const { return at(state).length; }    // of the state's longest string
  int shorter(int state) const { return at(state).shorter; }  // kNone after kEmpty
  int count(int state) const { return at(state).count; }      // how often its strings occur; not of kEmpty
  int last(int state) const { return at(state).last; }        // the place of their last token, likewise
  std::span<const Follower> followers(int state) const { return at(state).followers; }  // by token
  int follow(int state, Token token) const;  // kNone where it never did

 private:
  struct State {
    int length = 0, shorter = kNone, count = 0, last = 0;
    std::vector<Follower> followers;
  };
  const State& at(int state) const { return states_[state]; }
  State& at(int state) { return states_[state]; }
  void set_follower(int state, Token token, int to);
  int split(int from, Token token, int longer);

  std::vector<State> states_;
  int whole_ = kEmpty, size_ = 0;
};

}  // namespace speclab
