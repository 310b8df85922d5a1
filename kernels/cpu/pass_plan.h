#pragma once

#include <span>
#include <vector>

#include "core/language_model.h"
#include "kernels/cpu/cached_sequence.h"

namespace speclab {

// One position to evaluate. It sees the text in slots 0 .. text - 1, then the slots of its path.
struct PassRow {
  KvCache* cache = nullptr;
  SequenceId sequence{};
  Token token = 0;
  int slot = 0;
  int position = 0;
  int text = 0;
  int path_begin = 0, path_length = 0;  // in PassPlan::paths; a node's own slot is its path's last
  bool asked = false;                   // whether the caller reads its logits or features
};

// A batch of slices as a list of rows: text by position, then nodes, slice by slice.
struct PassPlan {
  std::vector<PassRow> rows;
  std::vector<int> paths;
  std::vector<int> first;  // slice -> its first asked row, counted among the asked
  int asked = 0;
  bool scores = false;  // whether logits are asked for, not features alone
  Work work;

  // `sequences` belong to the slices one to one. Checks everything, then enters texts and nodes into the
  // sequences, whose caches get the room. BrokenInvariant for misuse, ConfigError for a text too long;
  // after either nothing has changed.
  void make(std::span<const Slice> batch, std::span<CachedSequence* const> sequences,
            const LlamaConfig& config);

 private:
  void add_text(const Slice& slice, CachedSequence& sequence, int window);
  void add_nodes(const Slice& slice, CachedSequence& sequence, int window);
  void count(const PassRow& row, int window);
};

}  // namespace speclab
