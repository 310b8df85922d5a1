#pragma once

#include <span>
#include <string>
#include <vector>

#include "analysis/point_file.h"
#include "analysis/table.h"

namespace speclab {

// The metrics of finished points: a row per point and label, and one for all labels together
// (label "all") where there are several. After key, label, strategy, settings and machine come the columns of
// each metric m that any row has: m, and m_low, m_high, m_numerator, m_denominator. Positions are m_1, m_2,
// ...
Table metric_table(std::span<const LoadedPoint> points);

// The labels to report a point under: its only one, or all together and then each on its own.
std::vector<std::string> groups_of(const LoadedPoint& point);

// "model chain": drafter and topology, as far as the point has them.
std::string strategy_of(const LoadedPoint& point);

}  // namespace speclab
