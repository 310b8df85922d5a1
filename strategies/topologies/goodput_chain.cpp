#include "strategies/topologies/goodput_chain.h"

#include <algorithm>

#include "strategies/drafters/useful_depth.h"

namespace speclab {
namespace {

std::int64_t context(const Sequence& sequence) { return static_cast<std::int64_t>(sequence.text.size()) - 1; }

}  // namespace

void GoodputChain::forget() {
  acceptance_.forget();
  priced_ = explored_ = 0;
  read_.clear();
}

Load GoodputChain::load(Batch batch) const {
  Load load{static_cast<int>(batch.size()), 0};
  for (const Sequence* sequence : batch) load.context += context(*sequence);
  if (settings_.sequences == 0) return load;
  return {settings_.sequences, load.context * settings_.sequences / load.sequences};
}

int GoodputChain::best_length(Load load) const {
  const Seconds draft = prices_.draft(load);
  double tokens = 1, right = 1, rate = acceptance_.believed();
  double max_tokens_per_second = 1 / prices_.target(0, 0, load);
  int best = 0;
  for (int k = 1; k <= settings_.max; ++k) {
    rate = acceptance_.at(k, rate);
    tokens += right *= rate;
    const double goodput = tokens / (prices_.target(k, k, load) + k * draft);
    if (goodput <= max_tokens_per_second) continue;
    max_tokens_per_second = goodput;
    best = k;
  }
  return best;
}

void GoodputChain::plan(Batch batch, std::span<int> lengths) {
  const Load shared = load(batch);
  int length = best_length(shared);
  if (acceptance_.judged() < kFirstGuesses) length = std::max(length, 1);
  std::ranges::fill(lengths, length);
  priced_ += prices_.target(length, length, shared) + length * prices_.draft(shared);
  if (length < settings_.max) explore(batch, shared, lengths);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (lengths[i] > 0) read_[batch[i]->id] = static_cast<int>(batch[i]->text.size());
  }
}

void GoodputChain::explore(Batch batch, Load load, std::span<int> lengths) {
  const int length = lengths.front();
  const auto one = std::ranges::find_if(batch, [&](const Sequence* s) { return useful_depth(*s) > length; });
  if (one == batch.end()) return;
  const Seconds added = prices_.target_and_one(length, length, load, context(**one)) -
                        prices_.target(length, length, load) +
                        prices_.draft_after(length == 0 ? unread(**one) : 1, context(**one));
  if (explored_ + added > settings_.explore * priced_) return;
  explored_ += added;
  ++lengths[one - batch.begin()];
}

int GoodputChain::unread(const Sequence& sequence) const {
  const auto known = read_.find(sequence.id);
  const int read = known == read_.end() ? sequence.prompt_length - 1 : known->second;
  return std::max(static_cast<int>(sequence.text.size()) - read, 1);
}

void GoodputChain::learn(Batch, std::span<const Lesson> lessons) {
  for (const Lesson& lesson : lessons) acceptance_.add(lesson.proposed, lesson.accepted);
  acceptance_.settle();
}

}  // namespace speclab
