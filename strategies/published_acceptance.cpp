#include "strategies/published_acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace speclab {
namespace {

constexpr std::string_view kConditional[] = {"acceptance", "alpha"};
constexpr std::string_view kJoint[] = {"joint_acceptance", "per_position_acceptance_rate",
                                       "per_position_acceptance_rates", "synthetic_acceptance_rates"};
constexpr std::string_view kShare[] = {"accepted_share", "draft_acceptance_rate", "spec_accept_rate"};
constexpr std::string_view kTokens[] = {"tokens_per_step",    "mean_acceptance_length",
                                        "acceptance_length",  "synthetic_acceptance_length",
                                        "spec_accept_length", "tau"};

// The name under which one of these was given; empty where none was.
std::string given(const Params& p, std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    if (!p.lacks(std::string(name))) return std::string(name);
  }
  return "";
}

int read_length(Params& p, const std::string& form) {
  if (p.lacks("at_length"))
    p.fail(form, "is of a draft length: give that too, as at_length = 5 for 5 guesses a step");
  return p.integer({"at_length"}, 1, {.min = 1, .max = 1024}, "guesses a step where it was measured");
}

}  // namespace

std::vector<double> from_joint_rates(std::span<const double> joint) {
  std::vector<double> conditional;
  double above = 1;
  for (const double rate : joint) {
    if (!(rate >= 0 && rate <= 1)) throw ConfigError(fmt::format("{} is no probability", rate));
    if (rate > above) {
      throw ConfigError(
          fmt::format("{} follows {}: a guess is accepted only where those before it are, so joint rates "
                      "never rise; rates "
                      "that do are conditional, which are given as acceptance",
                      rate, above));
    }
    conditional.push_back(above > 0 ? rate / above : 0);
    above = rate;
  }
  return conditional;
}

double from_mean_accepted(double accepted, int length) {
  if (!(accepted >= 0 && accepted <= length))
    throw ConfigError(fmt::format("{} of {} guesses cannot be accepted", accepted, length));
  double low = 0, high = 1;
  for (int halving = 0; halving < 60; ++halving) {
    const double a = (low + high) / 2;
    double sum = 0, power = 1;
    for (int k = 0; k < length; ++k) sum += power *= a;
    (sum < accepted ? low : high) = a;
  }
  return accepted == length ? 1 : (low + high) / 2;
}

// A form that the command line gives goes before those of a file, and before the length that belongs to them.
void overrule_other_forms(Params& p) {
  std::vector<std::string> by_file;
  bool by_option = false;
  for (const auto& names :
       {std::span<const std::string_view>(kConditional), std::span<const std::string_view>(kJoint),
        std::span<const std::string_view>(kShare), std::span<const std::string_view>(kTokens)}) {
    const std::string form = given(p, names);
    if (form.empty()) continue;
    by_option = by_option || p.by_option(form);
    if (!p.by_option(form)) by_file.push_back(form);
  }
  if (!by_option || by_file.empty()) return;
  for (const std::string& form : by_file) p.overrule(form);
  if (!p.by_option("at_length")) p.overrule("at_length");
}

std::vector<double> read_acceptance(Params& p, const std::string& meaning) {
  const Params::Range probability{.min = 0, .max = 1};
  overrule_other_forms(p);
  const std::string joint = given(p, kJoint), share = given(p, kShare), tokens = given(p, kTokens);
  std::vector<std::string> forms;
  for (const std::string& form : {given(p, kConditional), joint, share, tokens}) {
    if (!form.empty()) forms.push_back(form);
  }
  if (forms.size() > 1) {
    p.fail(forms[1], fmt::format("and {} are both set; rates are given in one form", forms[0]));
  }
  if (share.empty() && tokens.empty() && !p.lacks("at_length"))
    p.fail("at_length", "belongs to accepted_share or tokens_per_step, and neither is set");

  std::vector<double> converted{0.8};
  try {
    if (!joint.empty()) {
      converted = from_joint_rates(p.numbers({kJoint[0], kJoint[1], kJoint[2], kJoint[3]}, {}, {},
                                             "by position, that a step accepts so many guesses or more"));
    } else if (!share.empty()) {
      const double part = p.number({kShare[0], kShare[1], kShare[2]}, 0, probability, "accepted / drafted");
      const int length = read_length(p, share);
      converted = {from_mean_accepted(part * length, length)};
    } else if (!tokens.empty()) {
      const double mean = p.number({kTokens[0], kTokens[1], kTokens[2], kTokens[3], kTokens[4], kTokens[5]},
                                   1, {}, "tokens of a step on average, the target's own included");
      const int length = read_length(p, tokens);
      if (mean < 1 || mean > length + 1) {
        p.fail(tokens,
               fmt::format("= {} cannot be: a step of {} guesses makes 1 to {} tokens, the target's own "
                           "included",
                           mean, length, length + 1));
      }
      converted = {from_mean_accepted(mean - 1, length)};
    }
  } catch (const ConfigError& error) {
    if (joint.empty()) throw;
    p.fail(joint, error.what());
  }
  std::vector<double> rates = p.numbers(
      {kConditional[0], kConditional[1]}, converted, probability,
      meaning +
          ". Instead of it: joint_acceptance = [...], by position that a step accepts so many guesses or "
          "more "
          "(vLLM's per-position acceptance rate, synthetic_acceptance_rates); accepted_share, accepted / "
          "drafted (draft_acceptance_rate, spec_accept_rate), or tokens_per_step, the target's own included "
          "(mean_acceptance_length, tau), each with at_length = the draft length");
  if (rates.empty()) p.fail("acceptance", "is an empty list");
  return rates;
}

}  // namespace speclab
