#include "experiments/pricing.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/catalogue.h"
#include "core/constant_cost.h"
#include "core/metered.h"
#include "core/stated_error.h"
#include "experiments/config_section.h"
#include "experiments/files.h"

namespace speclab {

using nlohmann::json;

namespace {

// The shape of a section's model where it is one with random weights; "" otherwise.
std::string random_shape(const Config& config, const std::string& name) {
  const json own = config.sections.value(name, json::object());
  if (!own.is_object() || own.value("kind", json()) != "random") return "";
  return Params(name, own).text({"shape", "random_weights"}, "", "");
}

std::vector<std::string> random_drafts(const Config& config) {
  std::vector<std::string> shapes;
  for (const auto& [name, _] : config.sections.items()) {  // draft, draft2, ... draft9
    if (!name.starts_with("draft") || name == "drafter") continue;
    if (const std::string shape = random_shape(config, name); !shape.empty()) shapes.push_back(shape);
  }
  return shapes;
}

}  // namespace

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
  for (const auto& [key, value] : p.resolved()) settings["price." + key] = value;
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
        p.number({"target_pass"}, 1, {.least = 0, .open_least = true}, "seconds of a pass of the target");
    const double draft =
        p.number({"draft_pass", "c"}, 0.1, {.least = 0}, "seconds of a pass of a draft model");
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
    const std::string device_name = p.required_text({"device"}, "a device of `speclab list devices`");
    const std::string stack =
        p.text({"stack"}, "", "efficiency of a software stack of the device's file; \"\": its default");
    const std::string random_target = random_shape(config, "target");
    const std::string_view meaning =
        "a shape of `speclab list shapes`; of random weights their own, if left out";
    const std::string target_name = random_target.empty() ? p.required_text({"target"}, meaning)
                                                          : p.text({"target"}, random_target, meaning);
    std::vector<std::string> draft_names = p.texts(
        {"draft"}, random_drafts(config),
        "likewise, for a drafter that runs a model, or several in its order; of heads: all that one "
        "pass asks, so all of Medusa's together, but one of Hydra's. drafter.priced_as, in an axis of "
        "drafters, goes before it");
    const int devices =
        p.integer({"tensor_parallel", "tp"}, 1, {.least = 1, .most = 1024}, "devices that share each model");
    if (const json own = config.sections.value("drafter", json::object()); own.contains(kPricedAs)) {
      Params drafter("drafter", own, config.places);
      draft_names = read_priced_as(drafter);
    }
    const Device device = find_device(project_configs("devices"), device_name, stack);
    target_ = find_shape(project_configs("shapes"), target_name);
    std::vector<ModelShape> drafts;
    for (const std::string& draft : draft_names) {
      drafts.push_back(find_shape(project_configs("shapes"), draft));
      draft_name_ += (draft_name_.empty() ? "" : ", ") + drafts.back().name;
    }
    error_ = stated_error(device, target_);
    device_ = device.name + (devices > 1 ? fmt::format(" x{}", devices) : "");
    target_name_ = target_.name;
    priced_drafts_ = drafts.size();
    auto roofline = std::make_unique<Roofline>(device, target_, drafts, devices);
    roofline_ = roofline.get();
    prices_ = std::move(roofline);
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
  return draft_actor(drafts_++);
}

Actor Pricing::part_of_target(int layers, int of) {
  if (roofline_ == nullptr) return next_draft();
  ModelShape part = target_;
  part.layers = std::max(1, static_cast<int>(std::lround(static_cast<double>(part.layers) * layers / of)));
  part.windowed_layers = part.windowed_layers * part.layers / target_.layers;
  part.name = fmt::format("{} of {} layers of {}", part.layers, target_.layers, part.name);
  draft_name_ = part.name;
  return draft_actor(roofline_->add_draft(part));  // after those that price.draft names
}

void Pricing::describe(Provenance& provenance) const {
  provenance.priced_device = device_;
  provenance.priced_target = target_name_;
  provenance.priced_draft = draft_name_;
  provenance.priced_error = error_;
  provenance.remarks.insert(provenance.remarks.end(), remarks_.begin(), remarks_.end());
}

}  // namespace speclab
