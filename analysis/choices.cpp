#include "analysis/choices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "analysis/metric_table.h"
#include "analysis/setting_names.h"

namespace speclab {
namespace {

constexpr const char* kMachine = "machine";  // no setting, but a circumstance

constexpr std::array<std::string_view, 5> kChosenSections{"drafter.", "draft.", "topology.", "rule.",
                                                          "price.draft"};
// Of synthetic drafts: what stands for a draft model and a text.
constexpr std::array<std::string_view, 2> kHowRight{"drafter.acceptance", "drafter.siblings"};

// What says nothing that other settings do not say.
bool is_shadow(const std::string& name) {
  return name.ends_with("digest") || name == "rule.lossless" || name.starts_with("record.");
}

std::string machine(const LoadedPoint& point) {
  return point.fact("clock") == "priced" ? "" : point.fact("cpu") + " " + point.fact("device");
}

std::string last_name(const std::string& name) { return name.substr(name.rfind('.') + 1); }

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

bool is_choice(const std::string& setting) {
  return std::ranges::any_of(kChosenSections, [&](std::string_view s) { return setting.starts_with(s); }) &&
         std::ranges::count(kHowRight, setting) == 0;
}

std::string shown_value(const nlohmann::json& value) {
  if (value.is_number_float()) return fmt::format("{:g}", value.get<double>());
  if (!value.is_string()) return value.dump();
  const std::string text = value.get<std::string>();
  const std::size_t end = text.find_last_not_of('/');
  const std::size_t slash = text.rfind('/', end);
  return slash == std::string::npos ? text : text.substr(slash + 1, end - slash);
}

Differences::Differences(std::span<const LoadedPoint> points) {
  std::map<std::string, std::set<nlohmann::json>> values;
  std::set<std::string> machines;
  std::set<std::pair<std::string, std::string>> kinds;
  for (const LoadedPoint& point : points) {
    if (!point.done()) continue;
    for (const auto& [name, value] : point.settings) values[name].insert(value);
    if (!machine(point).empty()) machines.insert(machine(point));
    kinds.emplace(point.setting(kDrafterKind), point.setting(kTopologyKind));
  }
  for (const auto& [name, all] : values) {
    if (is_shadow(name) || (all.size() < 2 && name != kTemperature)) continue;
    (is_choice(name) ? choices_ : circumstances_).push_back(name);
  }
  machines_differ_ = machines.size() > 1;
  if (machines_differ_) circumstances_.emplace_back(kMachine);
  // A drafter's price goes with the drafter, unless nothing else tells two apart.
  std::set<std::string> with, without;
  const auto names = [&](std::set<std::string>& to) {
    for (const LoadedPoint& point : points) {
      if (!point.done()) continue;
      to.insert(strategy_parts(point, nullptr).text + nlohmann::json(circumstance(point)).dump());
    }
  };
  names(with);
  std::vector<std::string> all = choices_;
  std::erase_if(choices_, [](const std::string& name) { return name.ends_with("priced_as"); });
  names(without);
  if (with.size() != without.size()) choices_ = std::move(all);
  std::set<std::vector<nlohmann::json>> chosen_sets;
  for (const LoadedPoint& point : points) {
    if (!point.done()) continue;
    chosen_sets.insert(chosen(point));
    strategy_parts(point, &legend_);
  }
  one_choice_ = chosen_sets.size() < 2;
}

std::vector<nlohmann::json> Differences::chosen(const LoadedPoint& point) const {
  std::vector<nlohmann::json> values;
  for (const std::string& name : choices_) {
    const auto found = point.settings.find(name);
    values.push_back(found == point.settings.end() ? nlohmann::json() : found->second);
  }
  return values;
}

std::vector<nlohmann::json> Differences::circumstance(const LoadedPoint& point) const {
  std::vector<nlohmann::json> values;
  for (const std::string& name : circumstances_) {
    const auto found = point.settings.find(name);
    if (name == kMachine)
      values.emplace_back(machine(point));
    else
      values.push_back(found == point.settings.end() ? nlohmann::json() : found->second);
  }
  return values;
}

Differences::Named Differences::kind(const LoadedPoint& point, const std::string& section) const {
  std::vector<std::string> values, names;
  for (const std::string& name : choices_) {
    const auto found = point.settings.find(name);
    if (!name.starts_with(section + ".") || name == section + ".kind" || found == point.settings.end())
      continue;
    values.push_back(shown_value(found->second));
    names.push_back(last_name(name));
  }
  const std::string kind = point.setting(section + ".kind");
  if (values.empty()) return {kind, ""};
  if (values.size() == 1 && values[0].starts_with('[') && values[0].ends_with(']'))
    values[0] = values[0].substr(1, values[0].size() - 2);
  return {fmt::format("{}({})", kind, joined(values)), fmt::format("{}({})", kind, joined(names))};
}

Differences::Named Differences::strategy_parts(const LoadedPoint& point,
                                               std::vector<std::string>* legend) const {
  std::string text;
  const auto add = [&](const Named& part) {
    if (part.text.empty()) return;
    text += (text.empty() ? "" : " ") + part.text;
    if (legend != nullptr && !part.legend.empty() && std::ranges::count(*legend, part.legend) == 0)
      legend->push_back(part.legend);
  };
  add(kind(point, "drafter"));
  add(kind(point, "topology"));
  if (std::ranges::any_of(choices_, [](const std::string& name) { return name.starts_with("rule."); }))
    add(kind(point, "rule"));
  for (const std::string& name : choices_) {
    const auto found = point.settings.find(name);
    if (found == point.settings.end()) continue;
    if (name.starts_with("draft.") || name.starts_with("price.draft"))
      add({fmt::format("{}={}", last_name(name) == "path" ? "draft" : last_name(name),
                       shown_value(found->second)),
           ""});
  }
  return {text, ""};
}

std::string Differences::strategy(const LoadedPoint& point) const {
  return strategy_parts(point, nullptr).text;
}

std::string Differences::circumstance_text(const LoadedPoint& point, const std::string& label) const {
  std::vector<std::string> parts;
  const std::vector<nlohmann::json> values = circumstance(point);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::string value = shown_value(values[i]);
    if (values[i].is_null() || value.empty()) continue;
    if (circumstances_[i] == "workload.prompts") {
      if (value.substr(0, value.rfind('.')) != label) parts.push_back("prompts " + value);
    } else {
      parts.push_back(fmt::format("{} {}", last_name(circumstances_[i]), value));
    }
  }
  return joined(parts);
}

}  // namespace speclab
