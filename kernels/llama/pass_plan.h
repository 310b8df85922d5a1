#pragma once

#include <span>
#include <vector>

#include "core/language_model.h"
#include "core/models/checkpoint/llama_config.h"
#include "kernels/llama/sequence_slots.h"

namespace speclab {

// One position to evaluate. It sees the text in slots 0 .. text - 1, then the slots of its path.
struct PassRow {
  int slice = 0;  // of the batch, whose sequence's cache it reads and fills
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

  // Everything that can be wrong with a batch, whose slices the sequences belong to one to one:
  // BrokenInvariant for misuse, ConfigError for a text too long.
  void check(std::span<const SequenceInput> batch, std::span<SequenceSlots* const> sequences,
             const LlamaConfig& config);
  // Enters texts and nodes of a batch that was checked into the sequences. Their caches need the room: of
  // slice i, slots_of(batch[i]) beyond what was used.
  void enter(std::span<const SequenceInput> batch, std::span<SequenceSlots* const> sequences,
             const LlamaConfig& config);
  // Takes the last batch that was entered out of the same sequences again, before anything else was done to
  // them.
  void leave(std::span<SequenceSlots* const> sequences) const;
  static int slots_of(const SequenceInput& slice) {
    return static_cast<int>(slice.text.size()) + static_cast<int>(slice.nodes.size());
  }
  static std::size_t asked_of(std::span<const SequenceInput> batch);

 private:
  struct Before {
    int length = 0;
    std::size_t nodes = 0;
  };
  void add_text(int index, const SequenceInput& slice, SequenceSlots& sequence, int window);
  void add_nodes(int index, const SequenceInput& slice, SequenceSlots& sequence, int window);
  void count(const PassRow& row, int window);

  std::vector<Before> before_;  // by slice
};

// ConfigError where a model has no layer after which its residual stream is to be read.
void check_taps(std::span<const int> layers, const LlamaConfig& config);

}  // namespace speclab
