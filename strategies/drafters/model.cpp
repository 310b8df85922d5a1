#include "strategies/drafters/model.h"

#include <algorithm>

#include "core/check.h"
#include "strategies/drafters/useful_depth.h"

namespace speclab {

void ModelDrafter::open(const Sequence& sequence) {
  model_.open(sequence.id);
  const std::span<const Token> text = sequence.text;
  if (text.size() < 2) return;
  const Slice prompt{.sequence = sequence.id, .text = text.first(text.size() - 1), .rows = false};
  model_.forward({&prompt, 1});
}

void ModelDrafter::draft(Batch batch, std::span<Draft> drafts) {
  distributions_.forget();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    drafts[i].draw = batch[i]->sampling.temperature == 0 ? Draw::fixed : draw_;
  }
  for (int round = 0;; ++round) {
    growth_.clear();
    topology_.grow(drafts, round, growth_);
    drop_useless(batch, drafts);
    if (growth_.empty()) return;
    evaluate(batch, drafts);
    score(batch, drafts);
    add_likeliest(batch, drafts);
    add_drawn(batch, drafts);
  }
}

void ModelDrafter::observe(const Outcome& outcome) {
  kept_.clear();
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    kept_.push_back({outcome.batch[i]->id, outcome.verdicts[i].path});
  }
  model_.keep(kept_);
  topology_.observe(outcome);
}

void ModelDrafter::drop_useless(Batch batch, std::span<const Draft> drafts) {
  std::erase_if(growth_, [&](const Growth& g) {
    return drafts[g.draft].tree().depth(g.parent) >= useful_depth(*batch[g.draft]);
  });
}

void ModelDrafter::evaluate(Batch batch, std::span<const Draft> drafts) {
  nodes_.clear();
  slices_.clear();
  nodes_.reserve(growth_.size());  // spans into it must stay valid
  for (std::size_t at = 0; at < growth_.size();) {
    const int index = growth_[at].draft;
    const Sequence& sequence = *batch[index];
    const std::size_t from = nodes_.size();
    for (; at < growth_.size() && growth_[at].draft == index; ++at) {
      if (growth_[at].parent > 0) nodes_.push_back(growth_[at].parent);
    }
    const std::span<const Token> text = sequence.text;
    slices_.push_back({.sequence = sequence.id,
                       .text = text.subspan(static_cast<std::size_t>(model_.length(sequence.id))),
                       .tree = &drafts[index].tree(),
                       .nodes = std::span<const int>(nodes_).subspan(from)});
  }
  const Forward& forward = model_.forward(slices_);
  logits_.clear();
  std::size_t at = 0;
  for (std::size_t s = 0; s < slices_.size(); ++s) {
    const int index = growth_[at].draft;
    int row = forward.first[s];
    const bool root_row = !slices_[s].text.empty();
    if (growth_[at].parent != 0 && root_row) ++row;  // text came, but another node than the root grows
    for (; at < growth_.size() && growth_[at].draft == index; ++at) {
      SPECLAB_CHECK(growth_[at].parent != 0 || root_row, "the root of draft {} grows a second time", index);
      logits_.push_back(forward.logits[row++]);
    }
  }
}

void ModelDrafter::score(Batch batch, std::span<Draft> drafts) {
  softmaxes_.clear();
  rows_.clear();
  const auto scored = [&](const Growth& g) {
    return topology_.reads_scores() || !likeliest(drafts[g.draft]);
  };
  for (std::size_t i = 0; i < growth_.size(); ++i) {
    if (scored(growth_[i])) softmaxes_.push_back({logits_[i], batch[growth_[i].draft]->sampling});
  }
  if (softmaxes_.empty()) return;
  distributions_.probabilities(softmaxes_, rows_);
  auto row = rows_.begin();
  for (const Growth& g : growth_) {
    if (scored(g)) drafts[g.draft].set_scores(g.parent, *row++);
  }
}

void ModelDrafter::add_likeliest(Batch, std::span<Draft> drafts) {
  picks_.clear();
  tokens_.clear();
  for (std::size_t i = 0; i < growth_.size(); ++i) {
    if (!likeliest(drafts[growth_[i].draft])) continue;
    picks_.push_back({logits_[i], std::min(growth_[i].children, model_.vocab())});
  }
  if (picks_.empty()) return;
  distributions_.likeliest(picks_, tokens_);
  auto token = tokens_.begin();
  auto pick = picks_.begin();
  for (const Growth& g : growth_) {
    if (!likeliest(drafts[g.draft])) continue;
    for (int i = 0; i < pick->count; ++i) drafts[g.draft].add(g.parent, *token++);
    ++pick;
  }
}

void ModelDrafter::add_drawn(Batch batch, std::span<Draft> drafts) {
  draws_.clear();
  tokens_.clear();
  drawn_.clear();
  for (const Growth& g : growth_) {
    if (likeliest(drafts[g.draft])) continue;
    draws_.push_back({drafts[g.draft].scores(g.parent), g.children, draw_ == Draw::independent,
                      batch[g.draft]->draft_chance.get()});
  }
  if (draws_.empty()) return;
  distributions_.draw(draws_, tokens_, drawn_);
  auto token = tokens_.begin();
  auto drawn = drawn_.begin();
  for (const Growth& g : growth_) {
    if (likeliest(drafts[g.draft])) continue;
    for (int i = *drawn++; i > 0; --i) drafts[g.draft].add(g.parent, *token++);
  }
}

}  // namespace speclab
