#pragma once

#include <span>
#include <vector>

namespace speclab {

// One query position of a pass, over all layers and heads. It sees, in this order, the sequence's slots
// first .. text - 1 and then the slots of its path (its own is the last of text or path). These are its keys,
// numbered from 0: key v is slot v below `text`, and paths[path_begin + v - text] from there on.
struct AttendRow {
  int sequence = 0;  // row of the page table
  int text = 0;
  int first = 0;  // of a sliding window: keys below are not seen
  int path_begin = 0, path_length = 0;
  int part_begin = 0, parts = 0;  // its partial results; make_attention_plan says

  constexpr int keys() const { return text + path_length; }
};

// Work of one thread block and key head: some rows over one range of keys.
struct AttendItem {
  int begin = 0, rows = 0;         // in AttentionPlan::order
  int key_begin = 0, key_end = 0;  // a multiple of 16; exclusive
  int part = 0;                    // of each of its rows
};

// How a pass's attention is cut into blocks. A row's keys are cut at places that follow from their number
// alone, and its parts are added in their order, so that its result does not depend, to the last bit, on the
// batch, on the tree around it or on how its text came into the cache. Rows of one sequence share a block's
// keys where all of them are text: the last 32 to 47 keys of a row with a path are gathered for it alone, and
// more only where its path is longer than that.
struct AttentionPlan {
  std::vector<AttendRow> rows;
  std::vector<int> order;
  std::vector<AttendItem> items;
  int parts = 0;  // of all rows
};

// Rows that fit into one block's tile of 16 (queries times heads that share a key head).
int rows_per_tile(int heads, int kv_heads);

// Fills `plan` (whose memory is reused) from `rows`.
void make_attention_plan(std::span<const AttendRow> rows, int heads, int kv_heads, AttentionPlan& plan);

}  // namespace speclab
