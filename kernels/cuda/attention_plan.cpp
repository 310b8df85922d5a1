#include "kernels/cuda/attention_plan.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "core/check.h"
#include "kernels/cuda/tree_attention.h"

namespace speclab {
namespace {

constexpr int kChunk = TreeAttention<Bf16>::kChunk;
constexpr int kOwnKeys = 32;  // at least so many of a row's last keys are a part by themselves

// A function of the number of keys alone.
struct Cuts {
  int main_end;  // the last part begins here
  int length;    // of the other parts
  int skipped;   // parts before a sliding window
};

Cuts cuts_of(const AttendRow& row) {
  Cuts cuts{std::max(0, row.keys() - kOwnKeys) / kChunk * kChunk, 64, 0};
  constexpr int kManyParts = 32, kLongest = 1024;
  while (cuts.length < kLongest && cuts.length * kManyParts < cuts.main_end) cuts.length *= 2;
  cuts.skipped = std::min(row.first, cuts.main_end) / cuts.length;
  return cuts;
}

int parts_of(const Cuts& cuts) { return (cuts.main_end + cuts.length - 1) / cuts.length - cuts.skipped + 1; }

// Rows that can share keys, those without a path first.
auto group_of(const AttendRow& row) {
  const Cuts cuts = cuts_of(row);
  return std::tuple(row.sequence, cuts.main_end, cuts.skipped);
}

// Items for rows begin .. end - 1 of the order, all of one group, over one range of keys: together as far as
// their keys there are text, one by one otherwise.
void add_range(AttentionPlan& plan, int begin, int end, int key_begin, int key_end, int part) {
  const auto row = [&](int i) -> const AttendRow& {
    return plan.rows[plan.order[static_cast<std::size_t>(i)]];
  };
  const auto shares = [&](int i) { return row(i).path_length == 0 || row(i).text >= key_end; };
  int together = begin, max = 0;
  while (together < end && shares(together)) max = std::max(max, row(together++).keys());
  if (together > begin)
    plan.items.push_back({begin, together - begin, key_begin, std::min(key_end, max), part});
  for (int i = together; i < end; ++i) {
    plan.items.push_back({i, 1, key_begin, std::min(key_end, row(i).keys()), part});
  }
}

}  // namespace

int rows_per_tile(int heads, int kv_heads) {
  return std::max(1, TreeAttention<Bf16>::kTile / (heads / kv_heads));
}

void make_attention_plan(std::span<const AttendRow> rows, int heads, int kv_heads, AttentionPlan& plan) {
  plan.rows.assign(rows.begin(), rows.end());
  plan.items.clear();
  plan.parts = 0;
  for (AttendRow& row : plan.rows) {
    SPECLAB_CHECK(row.keys() > row.first && row.first >= 0, "a query sees keys {} to {}", row.first,
                  row.keys());
    row.part_begin = plan.parts;
    row.parts = parts_of(cuts_of(row));
    plan.parts += row.parts;
  }
  plan.order.resize(rows.size());
  std::iota(plan.order.begin(), plan.order.end(), 0);
  const auto row = [&](int i) -> const AttendRow& { return plan.rows[i]; };
  std::sort(plan.order.begin(), plan.order.end(), [&](int a, int b) {
    return std::tuple(group_of(row(a)), row(a).path_length > 0, a) <
           std::tuple(group_of(row(b)), row(b).path_length > 0, b);
  });
  const int max = rows_per_tile(heads, kv_heads), count = static_cast<int>(rows.size());
  for (int begin = 0, end = 0; begin < count; begin = end) {
    const AttendRow& leader = row(plan.order[begin]);
    while (end < count && end - begin < max && group_of(row(plan.order[end])) == group_of(leader)) {
      ++end;
    }
    const Cuts cuts = cuts_of(leader);
    int part = 0;
    for (int key = cuts.skipped * cuts.length; key < cuts.main_end; key += cuts.length) {
      add_range(plan, begin, end, key, std::min(key + cuts.length, cuts.main_end), part++);
    }
    int longest = 0;
    for (int i = begin; i < end; ++i) {
      longest = std::max(longest, row(plan.order[i]).keys());
    }
    add_range(plan, begin, end, cuts.main_end, longest, part);
  }
}

}  // namespace speclab
