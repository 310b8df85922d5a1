#pragma once

#include <string>
#include <vector>

namespace speclab {

// What software makes of a device. Fitted where the catalogue says so, else a documented default.
struct Efficiency {
  double weights_bandwidth = 0;  // eta_w: part of the peak bandwidth at which weights stream
  double bits8_bandwidth = 1;    // relative to eta_w, for weights of 5.5 to 11 bits
  double bits4_bandwidth = 1;    // the same below
  double compute = 0;            // eta_c: part of the peak operations per second
  double knee = 2;               // p of the norm that joins streaming and computing
  int small_tile = 64;           // up to 64 tokens are computed in multiples of this
  int large_tile = 128;          // more in multiples of this
  int quantised_tile =
      16;  // replaces small_tile where weights are stored in fewer bits than they are computed in
  double kernel_seconds = 0;     // t0, per matrix product
  double cache_bandwidth = 0;    // eta_kv
  double attention_seconds = 0;  // t_a, per layer
  double layer_seconds = 0;      // what a layer takes besides
  double pass_seconds = 0;       // what a forward pass takes besides
  double launch_seconds =
      0;  // the host's, per layer; it runs ahead, so that only what exceeds the device's counts
  double host_seconds_per_step = 0;
  double host_seconds_per_sequence = 0;  // in a step
  double draft_seconds_per_token = 0;    // a drafter's own time, without its models'
  double judge_seconds_per_row = 0;
  double all_reduce_seconds = 0;  // of two devices: this and one doubling
  double all_reduce_seconds_per_doubling = 0;
  double host_link_bandwidth = 0.86;  // part of the host link's peak; of a T4 as FlexGen's cost model has it
  double all_reduce_bytes_per_second = 0;  // on a ring: 2 (N - 1) / N of the bytes pass
  std::string error;  // what prices with these constants were found to be off by, or what to expect
};

// A processor and its memory, with data-sheet peaks: dense operations, one direction of the link.
struct Device {
  std::string name;
  std::vector<std::string> aliases;
  std::string vendor;
  std::string stack;     // whose efficiency this is; empty: the device's own
  double memory_gb = 0;  // 1e9 bytes
  double bytes_per_second = 0;
  double fp16_flops_per_second = 0;
  double fp8_flops_per_second = 0;        // 0: computed in fp16
  double int8_flops_per_second = 0;       // 0: computed in fp16
  double link_bytes_per_second = 0;       // 0: no link
  double host_link_bytes_per_second = 0;  // 0: it has no memory of its own to stream into
  std::string host_link;                  // its name
  std::string digest;  // of all numbers of its file that it was read from, those of other stacks apart
  Efficiency efficiency;
};

}  // namespace speclab
