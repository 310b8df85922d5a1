#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "core/token_tree.h"

namespace speclab {

// What was seen to follow a token: of each first token the last few n-grams, each once, the latest first.
class NgramPool {
 public:
  explicit NgramPool(int max) : max_(static_cast<std::size_t>(max)) {}

  void add(Token first, std::vector<Token> rest);
  std::span<const std::vector<Token>> after(Token first) const;

 private:
  std::size_t max_;
  std::unordered_map<Token, std::vector<std::vector<Token>>> after_;
};

}  // namespace speclab
