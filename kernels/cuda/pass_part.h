#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "kernels/cuda/attention_plan.h"
#include "kernels/cuda/rope.h"

namespace speclab {

// What launches are made for. A captured part serves all parts of at most these sizes.
struct PartSize {
  int rows = 0, asked = 0, paths = 0;
  std::array<int, 2> items{};  // of each plan of attention
  bool scores = false;         // logits of the asked rows, not their hidden rows alone

  auto operator<=>(const PartSize&) const = default;
};

// Up to kMostRows rows of a pass, as launches read them, in device memory. Beyond the part's own numbers
// there is something harmless up to its size: rows that fill a page of no one and are seen by no one.
struct PassPart {
  static constexpr int kMaxRows = 512;
  static constexpr int kMaxRounding = 31;  // by so many rows, at most, a part is larger than what is in it

  const std::int32_t* tokens = nullptr;  // (rows)
  const RowPlace* places = nullptr;      // (rows)
  const int* asked = nullptr;            // (asked): rows of the part
  // An AttentionPlan, with the paths.
  struct Attention {
    const AttendRow* rows = nullptr;  // (rows)
    const int* order = nullptr;
    const AttendItem* items = nullptr;
    const int* counts = nullptr;  // (2): items and rows that there are
  };
  std::array<Attention, 2>
      attention;               // of all layers; the second only where windows are mixed, for those with one
  const int* paths = nullptr;  // of the whole pass
  const int* table = nullptr;  // (1 + slices, table_stride): pages; row 0 is page 0
  int table_stride = 0;
  std::int32_t* not_finite = nullptr;  // becomes the least asked row with a logit that is NaN or infinite
  PartSize size;
  int asked_before = 0;  // asked rows of the parts before it
};

}  // namespace speclab
