#include "kernels/llama/feature_plan.h"

#include <algorithm>
#include <numeric>

namespace speclab {

void FeatureSequence::truncate(SequenceId id, int to) {
  SPECLAB_CHECK(to >= 0 && to <= length, "sequence {}: rewound to {} of {} tokens", static_cast<int>(id), to,
                length);
  length = to;
  root_made_at = 0;
  told = std::min(told, to);
}

void FeaturePlan::check(std::span<const SequenceInput> batch, std::span<FeatureSequence* const> told,
                        std::span<SequenceSlots* const> sequences, const LlamaConfig& config) {
  slices.assign(batch.begin(), batch.end());
  nodes.clear();
  for (std::size_t i = 0; i < slices.size(); ++i) {
    SequenceInput& slice = slices[i];
    const FeatureSequence& known = *told[i];
    const int id = static_cast<int>(slice.sequence);
    SPECLAB_CHECK(slice.give != PassOutput::features, "sequence {}: an EAGLE head gives no features", id);
    const int needed = known.length + static_cast<int>(slice.text.size());
    SPECLAB_CHECK(slice.text.empty() || known.told + 1 >= needed,
                  "sequence {}: features of {} places were told, but a text of {} tokens came", id,
                  known.told, needed);
    SPECLAB_CHECK(!slice.text.empty() || slice.nodes.empty() || known.root_made_at == known.length,
                  "sequence {}: nodes came below a root that has no row", id);
    if (known.length == 0 && !slice.text.empty()) {
      SPECLAB_CHECK(slice.give == PassOutput::nothing || slice.text.size() > 1,
                    "sequence {}: the first token of a text has no row", id);
      slice.text = slice.text.subspan(1);
    }
    int end = 1;
    for (const int node : slice.nodes) end = std::max(end, node + 1);
    nodes.push_back(end);
  }
  rows.check(slices, sequences, config);
}

// Rows are, slice by slice, the text's and then the nodes'.
void FeaturePlan::enter(std::span<const SequenceInput> batch, std::span<FeatureSequence* const> told,
                        std::span<SequenceSlots* const> sequences, const LlamaConfig& config) {
  rows.enter(slices, sequences, config);
  sites.clear();
  before_.clear();
  for (std::size_t i = 0; i < slices.size(); ++i) {
    before_.push_back(*told[i]);
    told[i]->length += static_cast<int>(batch[i].text.size());
    const std::size_t text = slices[i].text.size();
    const int end = nodes[i];
    wave_of_.assign(static_cast<std::size_t>(end), -1);
    sites.resize(sites.size() + text, {.slice = static_cast<int>(i)});
    if (text > 0) {
      sites.back().node = wave_of_[0] = 0;
      told[i]->root_made_at = told[i]->length;
    }
    for (const int node : slices[i].nodes) {
      const int parent = slices[i].tree->parent(node);
      // A parent's number may be above all nodes that came in this call.
      const int before = parent < end ? wave_of_[parent] : -1;
      wave_of_[node] = before + 1;
      sites.push_back({.slice = static_cast<int>(i), .node = node, .parent = parent, .wave = before + 1});
    }
  }
  int asked = 0;
  for (std::size_t n = 0; n < sites.size(); ++n) {
    if (rows.rows[n].asked) sites[n].asked = asked++;
  }
  order.resize(sites.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](int n) { return sites[n].wave; });
}

void FeaturePlan::leave(std::span<FeatureSequence* const> told,
                        std::span<SequenceSlots* const> sequences) const {
  rows.leave(sequences);
  for (std::size_t i = 0; i < told.size(); ++i) *told[i] = before_[i];
}

std::span<const int> FeaturePlan::part(std::size_t begin, std::size_t max) const {
  const auto wave = [&](std::size_t i) { return sites[order[i]].wave; };
  std::size_t end = begin;
  while (end < order.size() && end - begin < max && wave(end) == wave(begin)) ++end;
  return std::span(order).subspan(begin, end - begin);
}

}  // namespace speclab
