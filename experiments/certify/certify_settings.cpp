#include "experiments/certify/certify_settings.h"

#include <algorithm>
#include <thread>

#include "experiments/config/config_section.h"

namespace speclab {

CertifySettings read_certify(Params& p) {
  CertifySettings settings;
  StatisticalOptions& options = settings.options;
  options.tokens = p.integer({"tokens"}, static_cast<int>(options.tokens), {.min = 1, .max = 100'000'000},
                             "emitted at least; the most where it stops when decided");
  options.certificate.level =
      p.number({"level"}, options.certificate.level, {.min = 0, .max = 0.5, .open_min = true},
               "probability that an honest strategy is called lossy, all tests together");
  options.certificate.distance =
      p.number({"distance"}, options.certificate.distance, {.min = 0, .max = 1, .open_min = true},
               "total variation that must not go unnoticed for LOSSLESS");
  options.until_decided = p.flag({"until_decided"}, false, "stop as soon as the verdict is certain");
  const int seeds =
      p.integer({"seeds"}, 0, {.min = 0, .max = 1'000'000},
                "certificates on random small worlds, to see how often each verdict comes; 0: none");
  settings.trial.control =
      p.text({"control"}, "", "a strategy broken on purpose; \"\": speculative sampling");
  settings.trial.first_seed =
      static_cast<std::uint64_t>(p.integer({"first_seed"}, 0, {.min = 0}, "of those worlds"));
  if (seeds == 0 && !settings.trial.control.empty()) {
    p.fail("control", "needs certify.seeds: controls run on small worlds");
  }
  settings.trials = seeds > 0;
  settings.trial.seeds = seeds;
  settings.trial.certificate = options.certificate;
  settings.trial.tokens = options.tokens;
  settings.trial.until_decided = options.until_decided;
  settings.trial.jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return settings;
}

CertifySettings read_certify(const Config& config) {
  Params p = section(config, "certify");
  CertifySettings settings = read_certify(p);
  p.finish();
  return settings;
}

}  // namespace speclab
