#include "analysis/certificate/certificate_file.h"

#include "analysis/certificate/certificate_text.h"
#include "analysis/table.h"

namespace speclab {

void write_certificate(Hdf5File& file, const std::string& group, const Certificate& certificate,
                       const Evidence& evidence) {
  file.make_group(group);
  file.set(group, "decision", std::string(name(certificate.decision)));
  file.set(group, "tokens", certificate.tokens);
  file.set(group, "level", certificate.options.level);
  file.set(group, "power", certificate.options.power);
  file.set(group, "wanted_distance", certificate.options.distance);
  file.set(group, "detectable_distance", certificate.detectable);
  file.set(group, "distance", certificate.distance.estimate);
  file.set(group, "distance_lower", certificate.distance.lower);
  file.set(group, "distance_upper", certificate.distance.upper);
  file.set(group, "overlap", evidence.overlap());
  file.set(group, "distance_along", certificate.distance_along);
  Table tests{.columns = {"test", "question", "n", "statistic", "degrees", "p_value", "adjusted", "rejected"},
              .rows = {}};
  for (const Judged& test : certificate.tests) {
    const Finding& f = test.finding;
    tests.rows.push_back(
        {f.name, f.question, f.n, f.statistic, f.degrees, f.p_value, test.adjusted, test.rejected ? 1 : 0});
  }
  if (!tests.rows.empty()) write_table(file, group + "/tests", tests);
  Table histograms{.columns = {"panel", "bin", "count", "low", "high"}, .rows = {}};
  for (const Evidence::Panel& panel : evidence.panels()) {
    const Band band = uniform_band(panel.histogram->total, UnitHistogram::kBins, 0.05);
    for (int bin = 0; bin < UnitHistogram::kBins; ++bin) {
      const std::int64_t count = panel.histogram->counts[bin];
      histograms.rows.push_back({panel.name, bin, count, band.low, band.high});
    }
  }
  write_table(file, group + "/histograms", histograms);
}

}  // namespace speclab
