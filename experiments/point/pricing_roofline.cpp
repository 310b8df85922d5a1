// A roofline as [price] describes it, and whether its devices hold what they are to run.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

#include "core/cost/memory_need.h"
#include "core/cost/stated_error.h"
#include "core/cost/tensor_parallel.h"
#include "core/cost/weight_format.h"
#include "experiments/point/price_catalogue.h"
#include "experiments/point/pricing.h"

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

void Pricing::read_roofline(Params& p, const Config& config) {
  const json given = config.sections.value("price", json::object());
  const std::string device = p.required_text(
      {"device"},
      "a device of `speclab list devices`, or the path of a file like those, which ends in .toml");
  const std::string stack = p.text({"stack"}, "",
                                   "efficiency of a software stack of the device's file, see `speclab list "
                                   "stacks`; \"\": the device's own");
  const std::string random_target = random_shape(config, "target");
  const std::string_view meaning =
      "a shape of `speclab list shapes`, or the path of a file like those; of random weights their own, if "
      "left "
      "out";
  const std::string target = random_target.empty() ? p.required_text({"target"}, meaning)
                                                   : p.text({"target"}, random_target, meaning);
  std::vector<std::string> drafts =
      p.texts({"draft"}, random_drafts(config),
              "likewise, for a drafter that runs a model, or several in its order; of heads: all that one "
              "pass asks, so all of Medusa's together, but one of Hydra's. drafter.priced_as, in an axis of "
              "drafters, goes before it");
  const int devices =
      p.integer({"tensor_parallel", "tp"}, 1, {.min = 1, .max = 1024}, "devices that share the target");
  draft_devices_ = p.integer({"draft_tensor_parallel", "draft_tensor_parallel_size", "draft_tp"}, 0,
                             {.min = 0, .max = 1024},
                             "devices that share each draft model; 0: as many as the target, or one where so "
                             "many cannot share it");
  const std::string format = p.text({"format", "quantization"}, "",
                                    "how the target's weights are stored: bf16, fp8, int4-g128, awq, "
                                    "q4_0, ...; \"\": as its file says");
  const std::string draft_format =
      p.text({"draft_format"}, "", "likewise of the draft models; \"\": as their files say");
  const std::string cache_format =
      p.text({"cache_format", "kv_cache_dtype"}, "",
             "how all key-value caches are stored: bf16, fp8, q8_0, ...; \"\": as "
             "the files say, 16 bits");
  usable_ = p.number({"memory_share", "gpu_memory_utilization"}, 0.9, {.min = 0, .max = 1, .open_min = true},
                     "part of a device's memory_gb that weights and caches may fill");
  offload_ = p.flag({"offload"}, false,
                    "what of the target's layers does not fit is brought from the host's "
                    "memory in every pass; false: such a point is refused");
  const Overrides of_device = read_overrides(p, "device_override", given),
                  of_target = read_overrides(p, "target_override", given),
                  of_draft = read_overrides(p, "draft_override", given);
  if (const json own = config.sections.value("drafter", json::object()); own.contains(kPricedAs)) {
    Params drafter("drafter", own, config.places);
    drafts = read_priced_as(drafter);
  }
  priced_on_ = device_named("price.device", device, config.directory, stack, of_device);
  const auto read = [&](const std::string& setting, const std::string& name, const std::string& stored,
                        const Overrides& overrides) {
    const auto both = [&](const std::string& value, const char* start, const char* other) {
      for (const auto& [key, _] : overrides)
        if (!value.empty() && key.starts_with(start))
          throw ConfigError(fmt::format("{}_override.{} and {} = \"{}\" are both set; leave one out", setting,
                                        key, other, value));
    };
    both(stored, "weights.", setting == "price.target" ? "price.format" : "price.draft_format");
    both(cache_format, "cache_bits", "price.cache_format");
    Named one{name, "", {shape_named(setting, name, config.directory, overrides), 1}};
    ModelShape& shape = one.model.shape;
    one.words = shape.name;
    if (!stored.empty()) {
      shape = stored_as(shape, stored);
      one.words += " " + shape.weights.name;
    }
    if (!cache_format.empty()) {
      shape.cache_bits = cache_bits(cache_format);
      one.words += ", cache " + cache_format;
    }
    one.words += overrides_in_words(overrides);
    return one;
  };
  target_ = read("price.target", target, format, of_target);
  target_.model.devices = devices;
  roofline_ =
      dynamic_cast<Roofline*>((prices_ = std::make_unique<Roofline>(priced_on_, target_.model.shape,
                                                                    std::vector<ModelShape>{}, devices))
                                  .get());
  for (const std::string& draft : drafts) {
    Named one = read("price.draft", draft, draft_format, of_draft);
    one.model.devices = devices_of_draft(one.model.shape, devices);
    if (one.model.devices != devices) one.words += fmt::format(", tensor parallel {}", one.model.devices);
    roofline_->add_draft(one.model.shape, one.model.devices);
    named_.push_back(std::move(one));
  }
  priced_drafts_ = named_.size();
  device_ = priced_on_.name + (devices > 1 ? fmt::format(" x{}", devices) : "") +
            (stack.empty() ? "" : ", " + stack) + overrides_in_words(of_device);
  error_ = stated_error(priced_on_, target_.model.shape);
  if (!of_device.empty()) error_ += "; of the constants as the file has them, not as overridden";
  const WeightFormat& weights = target_.model.shape.weights;
  if ((weights.arithmetic == ProductFormat::fp8 && priced_on_.fp8_flops_per_second == 0) ||
      (weights.arithmetic == ProductFormat::int8 && priced_on_.int8_flops_per_second == 0)) {
    remarks_.push_back(
        fmt::format("{} has no rate for products in {} in its file: they are priced in 16 bits",
                    priced_on_.name, weights.name));
  }
}

void Pricing::resolve_digests(std::map<std::string, json>& settings) const {
  settings["price.device_digest"] = priced_on_.digest;
  settings["price.target_digest"] = target_.model.shape.digest;
  std::string digests;
  for (const Named& one : named_) digests += (digests.empty() ? "" : " ") + one.model.shape.digest;
  if (!digests.empty()) settings["price.draft_digest"] = digests;
}

int Pricing::devices_of_draft(const ModelShape& draft, int target_devices) const {
  if (draft_devices_ > 0) return draft_devices_;
  return indivisible(draft, target_devices).empty() ? target_devices : 1;
}

Room Pricing::room_on(int devices, int draft_models, const std::vector<int>& positions) const {
  std::vector<PlacedModel> drafts;
  for (const Named& one :
       std::span(named_).first(std::min(named_.size(), static_cast<std::size_t>(draft_models))))
    drafts.push_back({one.model.shape, devices_of_draft(one.model.shape, devices)});
  return room(priced_on_, usable_, {target_.model.shape, devices}, drafts, positions);
}

void Pricing::require_room(const Workload& workload, int draft_models) {
  if (roofline_ == nullptr) return;
  std::vector<int> positions;
  for (const Request& request : workload.requests)
    positions.push_back(static_cast<int>(request.prompt.size()) + workload.max_new_tokens);
  std::ranges::sort(positions, std::greater<>());
  positions.resize(std::min(positions.size(), static_cast<std::size_t>(workload.batch)));
  const int devices = target_.model.devices;
  const Room room = room_on(devices, draft_models, positions);
  memory_ = fmt::format("{} of {:.1f} GB that can be used{}", room.sum(), room.usable / 1e9,
                        devices > 1 ? " on the busiest device" : "");
  if (room.missing() == 0) return;
  const double layers = layer_bytes(target_.model.shape) / devices;
  if (!offload_ || room.missing() > layers) refuse(room, draft_models, positions);
  offloaded_ = room.missing() / layers;
  roofline_->offload(Actor::target, offloaded_);
  remarks_.push_back(fmt::format(
      "price.offload: {:.1f} GB of {}'s layers do not fit{} and are priced as brought over {} ({:.0f} GB/s) "
      "in "
      "every pass, before it multiplies",
      room.missing() / 1e9, target_.model.shape.name, devices > 1 ? " each device" : "", priced_on_.host_link,
      priced_on_.efficiency.host_link_bandwidth * priced_on_.host_link_bytes_per_second / 1e9));
}

void Pricing::refuse(const Room& room, int draft_models, const std::vector<int>& positions) const {
  const int devices = target_.model.devices;
  std::string ways;
  for (int more = devices + 1; more <= 1024 && priced_on_.link_bytes_per_second > 0; ++more) {
    if (!indivisible(target_.model.shape, more).empty()) continue;
    if (room_on(more, draft_models, positions).missing() > 0) continue;
    ways = fmt::format("price.tensor_parallel = {} would do; or ", more);
    break;
  }
  ways += "store fewer bits (price.format, draft_format, cache_format)";
  if (offload_) {
    ways = "not even without the target's layers, which price.offload brings from the host; " + ways;
  } else if (priced_on_.host_link_bytes_per_second > 0 &&
             room.missing() <= layer_bytes(target_.model.shape) / devices) {
    ways += ", or set price.offload = true";
  }
  throw ImpossiblePoint(fmt::format(
      "{} does not fit {}{}: {}, with {} sequence{} of up to {} positions, but {:.1f} GB can be used "
      "(price.memory_share "
      "= {} of {} GB); {}",
      target_.model.shape.name, devices > 1 ? fmt::format("{} x ", devices) : "", priced_on_.name, room.sum(),
      positions.size(), positions.size() == 1 ? "" : "s", positions.empty() ? 0 : positions.front(),
      room.usable / 1e9, usable_, priced_on_.memory_gb, ways));
}

void Pricing::remark_on_draft(const Named& draft) {
  const int own = draft.model.shape.vocab, targets = target_.model.shape.vocab;
  constexpr double kPadding = 0.01;  // engines and checkpoints pad the same tokenizer to different sizes
  if (own % targets != 0 && std::abs(own - targets) > kPadding * targets) {
    remarks_.push_back(fmt::format(
        "price.draft: {} has {} tokens in its vocabulary and {} has {}: its passes are priced as they "
        "are, whether or not it can draft for it",
        draft.model.shape.name, own, target_.model.shape.name, targets));
  }
  if (draft_devices_ == 0 && draft.model.devices != target_.model.devices) {
    remarks_.push_back(fmt::format("price.draft: {}, so it is priced on one (price.draft_tensor_parallel)",
                                   indivisible(draft.model.shape, target_.model.devices)));
  }
}

}  // namespace speclab
