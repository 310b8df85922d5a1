#include "strategies/drafters/ngram_pool.h"

#include <algorithm>

namespace speclab {

void NgramPool::add(Token first, std::vector<Token> rest) {
  std::vector<std::vector<Token>>& known = after_[first];
  const auto same = std::ranges::find(known, rest);
  if (same != known.end()) {
    known.erase(same);
  } else if (known.size() == max_) {
    known.pop_back();
  }
  known.insert(known.begin(), std::move(rest));
}

std::span<const std::vector<Token>> NgramPool::after(Token first) const {
  const auto found = after_.find(first);
  return found == after_.end() ? std::span<const std::vector<Token>>{} : found->second;
}

}  // namespace speclab
