#pragma once

#include "core/cost/device.h"

namespace speclab {

// The keys of an [efficiency] table and where they go.
template <class Number>
struct EfficiencyKey {
  const char* key;
  Number Efficiency::*value;
};

// Must be there; a stack may replace any of them.
inline constexpr EfficiencyKey<double> kConstants[] = {
    {"weights_bandwidth", &Efficiency::weights_bandwidth},
    {"compute", &Efficiency::compute},
    {"knee", &Efficiency::knee},
    {"kernel_seconds", &Efficiency::kernel_seconds},
    {"cache_bandwidth", &Efficiency::cache_bandwidth},
    {"attention_seconds", &Efficiency::attention_seconds},
    {"layer_seconds", &Efficiency::layer_seconds},
    {"pass_seconds", &Efficiency::pass_seconds},
    {"host_seconds_per_step", &Efficiency::host_seconds_per_step},
    {"host_seconds_per_sequence", &Efficiency::host_seconds_per_sequence},
};
inline constexpr EfficiencyKey<int> kTiles[] = {
    {"small_tile", &Efficiency::small_tile},
    {"large_tile", &Efficiency::large_tile},
};

inline constexpr EfficiencyKey<double> kOptionalConstants[] = {
    {"bits8_bandwidth", &Efficiency::bits8_bandwidth},
    {"bits4_bandwidth", &Efficiency::bits4_bandwidth},
    {"launch_seconds", &Efficiency::launch_seconds},
    {"draft_seconds_per_token", &Efficiency::draft_seconds_per_token},
    {"judge_seconds_per_row", &Efficiency::judge_seconds_per_row},
    {"host_link_bandwidth", &Efficiency::host_link_bandwidth},
    {"all_reduce_seconds", &Efficiency::all_reduce_seconds},
    {"all_reduce_seconds_per_doubling", &Efficiency::all_reduce_seconds_per_doubling},
    {"all_reduce_bytes_per_second", &Efficiency::all_reduce_bytes_per_second},
};
inline constexpr const char* kQuantisedTile = "quantised_tile";

}  // namespace speclab
