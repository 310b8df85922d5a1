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

std::vector<double> read_joint(Params& p) {
  return p.numbers(
      {kJoint[0], kJoint[1], kJoint[2], kJoint[3]}, {}, {},
      "by position, that a step accepts so many guesses or more: vLLM's per-position acceptance rate");
}

double read_share(Params& p) {
  return p.number({kShare[0], kShare[1], kShare[2]}, 0, {.min = 0, .max = 1},
                  "accepted / drafted, at at_length");
}

double read_tokens(Params& p) {
  return p.number({kTokens[0], kTokens[1], kTokens[2], kTokens[3], kTokens[4], kTokens[5]}, 1, {},
                  "tokens of a step on average, the target's own included, at at_length");
}

int read_length(Params& p) {
  return p.integer({"at_length"}, 1, {.min = 1, .max = 1024},
                   "guesses a step where accepted_share or tokens_per_step was measured");
}

int require_length(Params& p, const std::string& form) {
  if (p.lacks("at_length"))
    p.fail(form, "is of a draft length: give that too, as at_length = 5 for 5 guesses a step");
  return read_length(p);
}

// For lists of settings, where each form stands in place of the others.
void list_other_forms(Params& p) {
  const auto listed = [&](const auto& read) {
    read(p);
    p.left_out_is("acceptance");
  };
  listed(read_joint);
  listed(read_share);
  listed(read_tokens);
  listed(read_length);
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
  if (!joint.empty()) {
    const std::vector<double> rates = read_joint(p);
    try {
      converted = from_joint_rates(rates);
    } catch (const ConfigError& error) {
      p.fail(joint, error.what());
    }
  } else if (!share.empty()) {
    const double part = read_share(p);
    const int length = require_length(p, share);
    converted = {from_mean_accepted(part * length, length)};
  } else if (!tokens.empty()) {
    const double mean = read_tokens(p);
    const int length = require_length(p, tokens);
    if (mean < 1 || mean > length + 1) {
      p.fail(
          tokens,
          fmt::format("= {} cannot be: a step of {} guesses makes 1 to {} tokens, the target's own included",
                      mean, length, length + 1));
    }
    converted = {from_mean_accepted(mean - 1, length)};
  }
  std::vector<double> rates =
      p.numbers({kConditional[0], kConditional[1]}, converted, {.min = 0, .max = 1},
                meaning + ". joint_acceptance, accepted_share or tokens_per_step may be given instead of it");
  if (p.lists()) list_other_forms(p);
  if (rates.empty()) p.fail("acceptance", "is an empty list");
  return rates;
}

}  // namespace speclab
