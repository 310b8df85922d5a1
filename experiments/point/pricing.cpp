#include "experiments/point/pricing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/cost/constant_cost.h"
#include "core/metered.h"
#include "experiments/config/config_section.h"
#include "experiments/point/price_catalogue.h"

namespace speclab {

using nlohmann::json;

std::vector<std::string> read_priced_as(Params& drafter) {
  return drafter.texts(
      {kPricedAs}, {},
      "the shapes that its draft models are priced as, instead of price.draft: for axes of drafters");
}

Pricing::Pricing(const Config& config, std::map<std::string, json>& settings) {
  if (!config.sections.contains("price")) return;
  Params p = section(config, "price");
  read(p, config);
  p.finish();
  for (const auto& [key, value] : p.resolved()) {
    if (!value.is_object()) {
      settings["price." + key] = value;
      continue;
    }
    for (const auto& [overridden, instead] : flattened(value))
      settings[fmt::format("price.{}.{}", key, overridden)] = instead;
  }
  if (roofline_ != nullptr) resolve_digests(settings);
}

std::vector<SettingNote> Pricing::notes(const Config& config) {
  Params p = section(config, "price");
  Pricing().read(p, config);
  return p.notes();
}

void Pricing::read(Params& p, const Config& config) {
  enum class Kind { roofline, constant, calibrated };
  const Kind kind = p.choose<Kind>(
      {"kind"},
      {{"roofline", Kind::roofline}, {"constant", Kind::constant}, {"calibrated", Kind::calibrated}},
      "roofline: a device and model shapes; constant: every pass of a model costs the same; calibrated: "
      "what passes of this point's own models took when they were timed before its first run");
  if (kind == Kind::constant) {
    const double target =
        p.number({"target_pass"}, 1, {.min = 0, .open_min = true}, "seconds of a pass of the target");
    const double draft = p.number({"draft_pass", "c"}, 0.1, {.min = 0}, "seconds of a pass of a draft model");
    prices_ = std::make_unique<ConstantCost>(target, draft);
    priced_drafts_ = std::numeric_limits<std::size_t>::max();
    error_ = "none can be stated: the costs are given";
    device_ = fmt::format("constant costs, draft/target = {:.3g}", draft / target);
  } else if (kind == Kind::calibrated) {
    auto calibrated = std::make_unique<CalibratedCost>();
    calibrated_ = calibrated.get();
    error_ =
        "timed where it ran: quartiles of every pass are in /timed_passes, and measured_of_calibrated "
        "compares";
    prices_ = std::move(calibrated);
    priced_drafts_ = std::numeric_limits<std::size_t>::max();
  } else {
    read_roofline(p, config);
  }
}

Actor Pricing::next_draft() {
  if (prices_ != nullptr && static_cast<std::size_t>(drafts_) >= priced_drafts_) {
    throw ConfigError(
        priced_drafts_ == 0
            ? "price.draft is required: the drafter runs a model, and its passes cost time too"
            : fmt::format(
                  "price.draft names {} shapes, but the drafter runs another model; name one for each",
                  priced_drafts_));
  }
  if (static_cast<std::size_t>(drafts_) < named_.size()) remark_on_draft(named_[drafts_]);
  return draft_actor(drafts_++);
}

Actor Pricing::part_of_target(int layers, int of) {
  if (roofline_ == nullptr) return next_draft();
  const ModelShape& target = target_.model.shape;
  ModelShape part = target;
  part.layers = std::max(1, static_cast<int>(std::lround(static_cast<double>(part.layers) * layers / of)));
  part.windowed_layers = part.windowed_layers * part.layers / target.layers;
  part.name = fmt::format("{} of {} layers of {}", part.layers, target.layers, part.name);
  parts_.push_back(part.name);
  const Actor actor =
      draft_actor(roofline_->add_draft(part, target_.model.devices));  // after those that price.draft names
  roofline_->offload(actor, offloaded_);
  return actor;
}

void Pricing::describe(Provenance& provenance) const {
  provenance.priced_device = device_;
  provenance.priced_target = target_.words;
  std::vector<std::string> drafts;
  for (std::size_t i = 0; i < std::min(named_.size(), static_cast<std::size_t>(drafts_)); ++i)
    drafts.push_back(named_[i].words);
  drafts.insert(drafts.end(), parts_.begin(), parts_.end());
  provenance.priced_draft = fmt::format("{}", fmt::join(drafts, ", "));
  provenance.priced_error = error_;
  provenance.priced_memory = memory_;
  provenance.remarks.insert(provenance.remarks.end(), remarks_.begin(), remarks_.end());
  for (std::size_t i = static_cast<std::size_t>(drafts_); i < named_.size(); ++i) {
    provenance.unused.push_back(fmt::format("price.draft = \"{}\" prices nothing here: the drafter runs {}",
                                            named_[i].given,
                                            drafts_ == 0 ? "no model that it could be the price of"
                                                         : fmt::format("{} of the models named", drafts_)));
  }
}

}  // namespace speclab
