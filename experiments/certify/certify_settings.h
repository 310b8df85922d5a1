#pragma once

#include "core/settings/params.h"
#include "experiments/certify/statistical.h"
#include "experiments/certify/trials.h"
#include "experiments/config/config_file.h"

namespace speclab {

// How much is to be certified, and how sure: [certify].
struct CertifySettings {
  StatisticalOptions options;
  bool trials = false;  // many certificates on small worlds instead of one of the config's own models
  TrialOptions trial;
};

CertifySettings read_certify(Params& certify);
// Of a config; throws ConfigError where it sets what is no setting.
CertifySettings read_certify(const Config& config);

}  // namespace speclab
