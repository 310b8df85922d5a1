#include "analysis/certificate/certificate_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace speclab {
namespace {

std::string p_text(double p) {
  if (p == 0) return "0";
  return p < 1e-3 ? fmt::format("{:.1e}", p) : fmt::format("{:.3f}", p);
}

std::string statistic_text(const Finding& finding) {
  if (finding.name == "impossible tokens") return fmt::format("{:.0f} of them", finding.statistic);
  if (finding.degrees == 0) return fmt::format("z = {:.2f}", finding.statistic);
  return fmt::format("chi2({}) = {:.1f}", finding.degrees, finding.statistic);
}

}  // namespace

std::string_view name(Decision decision) {
  switch (decision) {
    case Decision::lossless:
      return "LOSSLESS";
    case Decision::lossy:
      return "LOSSY";
    case Decision::undecided:
      return "UNDECIDED";
  }
  return "";
}

std::string to_text(const Certificate& certificate) {
  const CertificateOptions& o = certificate.options;
  std::string out = fmt::format("{} tokens, {} tests, family-wise level {} (Holm)\n", certificate.tokens,
                                certificate.tests.size(), o.level);
  std::size_t widest = 4;
  for (const Judged& test : certificate.tests) widest = std::max(widest, test.finding.name.size());
  out += fmt::format("  {:<{}}  {:>9}  {:>18}  {:>8}  {:>8}\n", "test", widest, "n", "statistic", "p",
                     "adjusted");
  for (const Judged& test : certificate.tests) {
    out += fmt::format("{} {:<{}}  {:>9}  {:>18}  {:>8}  {:>8}\n", test.rejected ? "*" : " ",
                       test.finding.name, widest, test.finding.n, statistic_text(test.finding),
                       p_text(test.finding.p_value), p_text(test.adjusted));
  }
  if (certificate.tests.empty()) out += "  none: too few tokens for any\n";
  out += fmt::format(
      "distance from the target, average per token, {}: {:.4f}, between {:.4f} and {:.4f} ({:g} %)\n",
      certificate.distance_along, certificate.distance.estimate, certificate.distance.lower,
      certificate.distance.upper, 100 * (1 - o.level));
  if (certificate.detectable < 1) {
    out += fmt::format("a distance of {:.4f} or more would be noticed with probability {:g}\n",
                       certificate.detectable, o.power);
  } else {
    out += "so few tokens that no distance would be noticed with any certainty\n";
  }
  if (certificate.decision == Decision::undecided) {
    out += fmt::format("{:g} was asked for: about {} tokens are enough for that (--tokens)\n", o.distance,
                       certificate.enough);
  }
  return out;
}

}  // namespace speclab
