#include "strategies/drafters/model.h"

#include <algorithm>

#include "core/check.h"

namespace speclab {
namespace {

// At temperature 0 scores only say how sure the model is, and one-hot rows would say that it always is.
Sampling scoring(const Sampling& sampling) { return sampling.temperature == 0 ? Sampling{} : sampling; }

}  // namespace

void ModelDrafter::open(const Sequence& sequence, const Forward&) {
  model_.open(sequence.id);
  const std::span<const Token> text = std::span(sequence.text).first(sequence.text.size() - 1);
  const Slice prompt{.sequence = sequence.id,
                     .text = text.subspan(static_cast<std::size_t>(model_.length(sequence.id))),
                     .give = Give::nothing};
  if (!prompt.text.empty()) model_.forward({&prompt, 1});
}

void ModelDrafter::rewind(const Sequence& text, int common) {
  const Rewound rewound{text.id, std::min(common, model_.length(text.id))};
  model_.rewind({&rewound, 1});
}

void ModelDrafter::begin(Batch batch, std::span<Draft> drafts) {
  distributions_.forget();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    drafts[i].set_draw(batch[i]->sampling.temperature == 0 ? Draw::fixed : draw());
  }
}

void ModelDrafter::grow(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  evaluate(batch, drafts, growth);
  score(batch, drafts, growth);
  add_likeliest(drafts, growth);
  add_drawn(batch, drafts, growth);
}

void ModelDrafter::learn(const Outcome& outcome) {
  kept_.clear();
  paths_.resize(std::max(paths_.size(), outcome.batch.size()));
  for (std::size_t i = 0; i < outcome.batch.size(); ++i) {
    paths_[i].clear();
    for (const int node : outcome.verdicts[i].path) paths_[i].push_back(outcome.drafts[i].grown_as(node));
    kept_.push_back({outcome.batch[i]->id, paths_[i]});
  }
  model_.keep(kept_);
}

void ModelDrafter::evaluate(Batch batch, std::span<const Draft> drafts, std::span<const Growth> growth) {
  nodes_.clear();
  slices_.clear();
  nodes_.reserve(growth.size());  // spans into it must stay valid
  for (std::size_t at = 0; at < growth.size();) {
    const int index = growth[at].draft;
    const Sequence& sequence = *batch[index];
    const std::size_t from = nodes_.size();
    for (; at < growth.size() && growth[at].draft == index; ++at) {
      if (growth[at].parent > 0) nodes_.push_back(growth[at].parent);
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
    const int index = growth[at].draft;
    int row = forward.first[s];
    const bool root_row = !slices_[s].text.empty();
    if (growth[at].parent != 0 && root_row) ++row;  // text came, but another node than the root grows
    for (; at < growth.size() && growth[at].draft == index; ++at) {
      SPECLAB_CHECK(growth[at].parent != 0 || root_row, "the root of draft {} grows a second time", index);
      logits_.push_back(forward.logits[row++]);
    }
  }
}

void ModelDrafter::score(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  softmaxes_.clear();
  rows_.clear();
  const auto scored = [&](const Growth& g) {
    return topology().reads_scores() || !likeliest(drafts[g.draft]);
  };
  for (std::size_t i = 0; i < growth.size(); ++i) {
    if (scored(growth[i])) softmaxes_.push_back({logits_[i], scoring(batch[growth[i].draft]->sampling)});
  }
  if (softmaxes_.empty()) return;
  distributions_.probabilities(softmaxes_, rows_);
  auto row = rows_.begin();
  for (const Growth& g : growth) {
    if (scored(g)) drafts[g.draft].set_scores(g.parent, *row++);
  }
}

void ModelDrafter::add_likeliest(std::span<Draft> drafts, std::span<const Growth> growth) {
  picks_.clear();
  tokens_.clear();
  for (std::size_t i = 0; i < growth.size(); ++i) {
    if (!likeliest(drafts[growth[i].draft])) continue;
    picks_.push_back({logits_[i], std::min(growth[i].children, model_.vocab())});
  }
  if (picks_.empty()) return;
  distributions_.likeliest(picks_, tokens_);
  auto token = tokens_.begin();
  auto pick = picks_.begin();
  for (const Growth& g : growth) {
    if (!likeliest(drafts[g.draft])) continue;
    for (int i = 0; i < pick->count; ++i) drafts[g.draft].add(g.parent, *token++);
    ++pick;
  }
}

void ModelDrafter::add_drawn(Batch batch, std::span<Draft> drafts, std::span<const Growth> growth) {
  draws_.clear();
  tokens_.clear();
  drawn_.clear();
  for (const Growth& g : growth) {
    if (likeliest(drafts[g.draft])) continue;
    draws_.push_back({drafts[g.draft].scores(g.parent), g.children, draw() == Draw::independent,
                      batch[g.draft]->draft_chance.get()});
  }
  if (draws_.empty()) return;
  distributions_.draw(draws_, tokens_, drawn_);
  auto token = tokens_.begin();
  auto drawn = drawn_.begin();
  for (const Growth& g : growth) {
    if (likeliest(drafts[g.draft])) continue;
    for (int i = *drawn++; i > 0; --i) drafts[g.draft].add(g.parent, *token++);
  }
}

}  // namespace speclab
