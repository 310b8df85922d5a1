#pragma once

#include "core/acceptance_rule.h"

namespace speclab {

// What a rule makes of one node: the candidate that stays, or the token instead.
struct Choice {
  int child = TokenTree::kNone;
  Token instead = 0;  // where no child was accepted
};

// From the root on, as far as choose(node) names a child.
template <class Choose>
void walk(Verdict& verdict, const Choose& choose) {
  for (int node = 0;;) {
    const Choice choice = choose(node);
    if (choice.child == TokenTree::kNone) {
      verdict.next = choice.instead;
      return;
    }
    verdict.path.push_back(node = choice.child);
  }
}

// The candidate that is `token`, or the token instead.
inline Choice follow(const Draft& draft, int node, Token token) {
  for (int child = draft.first_candidate(node); child != TokenTree::kNone;
       child = draft.next_candidate(child)) {
    if (draft.tree().token(child) == token) return {.child = child};
  }
  return {.instead = token};
}

}  // namespace speclab
