#include "analysis/certificate/certificate.h"

#include <algorithm>

namespace speclab {

double level_of_look(double level, int look) {
  return level / (static_cast<double>(look) * (static_cast<double>(look) + 1));
}

Certificate certify(const Evidence& evidence, const CertificateOptions& options, double level) {
  Certificate result;
  result.options = options;
  result.tokens = evidence.tokens();
  for (Finding& finding : evidence.findings()) result.tests.push_back({std::move(finding)});
  std::ranges::stable_sort(result.tests, {}, [](const Judged& test) { return test.finding.p_value; });
  double largest = 0;
  bool rejecting = true;
  for (std::size_t i = 0; i < result.tests.size(); ++i) {
    Judged& test = result.tests[i];
    const auto rivals = static_cast<double>(result.tests.size() - i);
    largest = std::max(largest, std::min(1.0, rivals * test.finding.p_value / kSpent));
    test.adjusted = largest;
    rejecting = rejecting && largest < level;
    test.rejected = rejecting;
  }
  const DistanceBound along_probability = distance_bound(evidence.by_probability(), level / 2);
  const DistanceBound along_ratio = distance_bound(evidence.by_ratio(), level / 2);
  const bool ratio = evidence.by_ratio().total > 0 && along_ratio.estimate > along_probability.estimate;
  result.distance = ratio ? along_ratio : along_probability;
  result.distance_along = ratio ? "by draft ratio" : "by probability";
  const double of_one_test = kSpent * level / kMaxTests;
  result.detectable = detectable_distance(result.tokens, UnitHistogram::kBins, of_one_test, options.power);
  result.enough = numbers_to_detect(options.distance, UnitHistogram::kBins, of_one_test, options.power);
  const bool rejected = !result.tests.empty() && result.tests.front().rejected;
  result.decision = rejected                                ? Decision::lossy
                    : result.detectable <= options.distance ? Decision::lossless
                                                            : Decision::undecided;
  return result;
}

}  // namespace speclab
