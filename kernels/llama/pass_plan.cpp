#include "kernels/llama/pass_plan.h"

#include <algorithm>

#include "core/check.h"
#include "core/errors.h"

namespace speclab {
namespace {

void check_token(const SequenceInput& slice, Token token, int vocab) {
  SPECLAB_CHECK(token >= 0 && token < vocab, "sequence {}: token {}, but the vocabulary has {}",
                static_cast<int>(slice.sequence), token, vocab);
}

void check_slice(const SequenceInput& slice, const SequenceSlots& sequence, const LlamaConfig& config,
                 std::vector<int>& met) {
  const int id = static_cast<int>(slice.sequence);
  SPECLAB_CHECK(slice.give != PassOutput::features || slice.nodes.empty(),
                "sequence {}: features are of text, but {} nodes came too", id, slice.nodes.size());
  SPECLAB_CHECK(slice.text.empty() || sequence.nodes.empty(),
                "sequence {}: text was given while {} tree nodes wait for keep", id, sequence.nodes.size());
  for (const Token token : slice.text) check_token(slice, token, config.vocab);
  const int length = sequence.length + static_cast<int>(slice.text.size());
  int end = length;  // positions in use
  met.clear();
  if (!slice.nodes.empty()) {
    SPECLAB_CHECK(slice.tree, "sequence {}: nodes without a tree", id);
    SPECLAB_CHECK(length > 0, "sequence {}: nodes without text, so without a root", id);
  }
  for (const int node : slice.nodes) {
    SPECLAB_CHECK(node > 0 && node < slice.tree->size(),
                  "sequence {}: node {}, but the tree has nodes 1 to {}", id, node, slice.tree->size() - 1);
    const auto known = [&](int other) {
      return sequence.evaluated(other) || std::find(met.begin(), met.end(), other) != met.end();
    };
    SPECLAB_CHECK(!known(node), "sequence {}: node {} is evaluated twice", id, node);
    const int parent = slice.tree->parent(node);
    SPECLAB_CHECK(parent == 0 || known(parent), "sequence {}: node {} comes without its parent, {}", id, node,
                  parent);
    check_token(slice, slice.tree->token(node), config.vocab);
    end = std::max(end, length + slice.tree->depth(node));
    met.push_back(node);
  }
  if (end > config.max_positions) {
    throw ConfigError(
        fmt::format("sequence {} needs {} positions, but the model has max_position_embeddings = {}; "
                    "use a shorter prompt, fewer new tokens or a smaller tree",
                    id, end, config.max_positions));
  }
}

}  // namespace

void PassPlan::count(const PassRow& row, int window) {
  const int seen = row.text + row.path_length;
  work.pairs += window > 0 ? std::min(window, seen) : seen;
}

void PassPlan::add_text(int index, const SequenceInput& slice, SequenceSlots& sequence, int window) {
  for (const Token token : slice.text) {
    const int position = sequence.length++;
    rows.push_back(
        {.slice = index, .token = token, .slot = position, .position = position, .text = position + 1});
    count(rows.back(), window);
  }
  if (slice.text.empty()) return;
  if (slice.give == PassOutput::scores) rows.back().asked = true;
  if (slice.give != PassOutput::features) return;
  for (auto row = rows.end() - static_cast<std::ptrdiff_t>(slice.text.size()); row != rows.end(); ++row) {
    row->asked = true;
  }
}

void PassPlan::add_nodes(int index, const SequenceInput& slice, SequenceSlots& sequence, int window) {
  for (const int node : slice.nodes) {
    const int parent = slice.tree->parent(node), depth = slice.tree->depth(node);
    const int slot = sequence.used();
    sequence.add(node, parent);
    const int begin = static_cast<int>(paths.size());
    paths.resize(paths.size() + static_cast<std::size_t>(depth));
    for (int at = node, i = begin + depth - 1; i >= begin; --i) {
      const SequenceSlots::Entry& entry = sequence.entries[at];
      paths[i] = entry.slot;
      at = entry.parent;
    }
    rows.push_back({.slice = index,
                    .token = slice.tree->token(node),
                    .slot = slot,
                    .position = sequence.length + depth - 1,
                    .text = sequence.length,
                    .path_begin = begin,
                    .path_length = depth,
                    .asked = slice.give == PassOutput::scores});
    count(rows.back(), window);
  }
}

void PassPlan::check(std::span<const SequenceInput> batch, std::span<SequenceSlots* const> sequences,
                     const LlamaConfig& config) {
  std::vector<int>& met = paths;  // borrowed, so that checks allocate nothing
  bool features = false;
  scores = false;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto before = sequences.first(i);
    SPECLAB_CHECK(std::find(before.begin(), before.end(), sequences[i]) == before.end(),
                  "sequence {} is in the batch twice", static_cast<int>(batch[i].sequence));
    check_slice(batch[i], *sequences[i], config, met);
    features |= batch[i].give == PassOutput::features;
    scores |= batch[i].give == PassOutput::scores;
  }
  SPECLAB_CHECK(!features || !scores, "a pass over {} slices is asked for features and scores", batch.size());
}

void PassPlan::enter(std::span<const SequenceInput> batch, std::span<SequenceSlots* const> sequences,
                     const LlamaConfig& config) {
  rows.clear();
  paths.clear();
  first.clear();
  before_.clear();
  asked = 0;
  work = {.op = Op::forward, .sequences = static_cast<int>(batch.size())};
  for (std::size_t i = 0; i < batch.size(); ++i) {
    SequenceSlots& sequence = *sequences[i];
    const std::size_t before = rows.size();
    first.push_back(asked);
    before_.push_back({sequence.length, sequence.nodes.size()});
    work.context += sequence.used();
    add_text(static_cast<int>(i), batch[i], sequence, config.widest_window());
    add_nodes(static_cast<int>(i), batch[i], sequence, config.widest_window());
    for (std::size_t row = before; row < rows.size(); ++row) asked += rows[row].asked ? 1 : 0;
  }
  work.new_tokens = static_cast<int>(rows.size());
  work.rows = scores ? asked : 0;
}

void PassPlan::leave(std::span<SequenceSlots* const> sequences) const {
  for (std::size_t i = 0; i < sequences.size(); ++i)
    sequences[i]->go_back(before_[i].length, before_[i].nodes);
}

std::size_t PassPlan::asked_of(std::span<const SequenceInput> batch) {
  std::size_t asked = 0;
  for (const SequenceInput& slice : batch) {
    if (slice.give == PassOutput::scores) asked += (slice.text.empty() ? 0 : 1) + slice.nodes.size();
    if (slice.give == PassOutput::features) asked += slice.text.size();
  }
  return asked;
}

void check_taps(std::span<const int> layers, const LlamaConfig& config) {
  for (const int layer : layers) {
    if (layer >= 1 && layer <= config.layers) continue;
    throw ConfigError(fmt::format("the residual stream is to be read after {} layers, but the model has {}",
                                  layer, config.layers));
  }
}

}  // namespace speclab
