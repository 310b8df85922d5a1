#include "core/models/sources/agreeing.h"

#include <algorithm>

#include "core/check.h"
#include "core/numerics/softmax.h"
#include "core/random/counter_rng.h"

namespace speclab {

Agreeing::Agreeing(std::shared_ptr<const TokenSource> target, std::vector<double> acceptance,
                   std::vector<double> siblings, std::uint64_t seed)
    : target_(std::move(target)),
      agreement_{std::move(acceptance), std::move(siblings)},
      seed_(mix64(seed + kGolden)),
      vocab_(target_->vocab()) {
  SPECLAB_CHECK(!agreement_.acceptance.empty(), "there is no acceptance probability");
}

int Agreeing::rank(const Site& site) const {
  const int right = agreement_.rank(mix64(site.text ^ seed_), site.depth);
  return right == Agreement::kNever ? vocab_ - 1 : right;
}

void Agreeing::logits(const Site& site, std::span<float> row) const {
  target_->logits(site, row);
  const int worse = rank(site);
  if (worse == 0) return;
  const Token best = argmax(row);
  if (worse == vocab_ - 1) {  // last of all
    std::swap(row[best], *std::ranges::min_element(row));
    return;
  }
  for (int r = 0; r < worse; ++r) {  // one place down at a time: the others keep their order
    float next = -std::numeric_limits<float>::infinity();
    std::size_t where = static_cast<std::size_t>(best);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i] < row[best] && row[i] > next) next = row[where = i];
    }
    std::swap(row[best], row[where]);
  }
}

}  // namespace speclab
