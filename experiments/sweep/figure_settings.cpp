#include "experiments/sweep/figure_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/metrics.h"
#include "experiments/config/config_section.h"
#include "experiments/sweep/setting_names.h"

namespace speclab {
namespace {

// Metrics, those by position with their position, and what certificates add.
std::vector<std::string> quantities() {
  std::vector<std::string> names{"distance", "overlap"};
  for (const Metric& metric : metrics()) names.emplace_back(metric.name);
  return names;
}

std::string without_position(const std::string& name) {
  const std::size_t end = name.find_last_not_of("0123456789");
  return end != std::string::npos && end + 1 < name.size() && name[end] == '_' ? name.substr(0, end) : name;
}

void check_quantities(const Params& p, const std::vector<std::string>& names) {
  const std::vector<std::string> known = quantities();
  for (const std::string& name : names) {
    if (std::ranges::count(known, without_position(name)) > 0) continue;
    p.fail("y", fmt::format("= \"{}\" is no metric{}; `speclab report --metrics` lists them", name,
                            did_you_mean(name, known)));
  }
}

// A column of the figure's data: a metric, what a point is, or a setting under its own name.
void check_column(const Params& p, const std::string& key, const std::string& name) {
  const std::vector<std::string> known = quantities();
  constexpr std::string_view kFacts[] = {"label", "drafted", "tree", "strategy"};
  if (name.empty() || std::ranges::count(known, without_position(name)) > 0 ||
      std::ranges::count(kFacts, name) > 0)
    return;
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos)
    p.fail(key, fmt::format("= \"{}\" is no metric and no setting, such as \"topology.length\"{}", name,
                            did_you_mean(name, known)));
  check_setting(name, "figure." + key);
  check_own_name(name, "figure." + key);
}

// A setting that does nothing without another.
struct Dependent {
  const char *setting, *requirements, *why;
};

constexpr const char* kBars = "without x a figure has bars, which know no such thing";
constexpr Dependent kDependents[] = {
    {"x_label", "x", kBars},
    {"log_x", "x", kBars},
    {"colour", "x", kBars},
    {"point_label", "x", kBars},
    {"best_over", "x", kBars},
    {"join", "x", kBars},
    {"join_trees", "x", kBars},
    {"ceiling", "x", kBars},
    {"colour_label", "colour", "there is no colour that it would name"},
    {"panel_label", "panel", "there are no panels that it would name"},
    {"ceiling", "certificates", "comes from certificates: set certificates = true"},
};

// Whether a setting asks for anything: not where it is left out, or says what happens anyway.
bool asks(const Params& p, const std::string& setting) {
  const nlohmann::json& value = p.resolved().at(setting);
  const bool joined = setting == "join" || setting == "join_trees";
  if (value.is_boolean()) return value.get<bool>() != joined;
  return value.is_string() ? !value.get_ref<const std::string&>().empty() : !value.empty();
}

void check_dependents(const Params& p) {
  for (const auto& [setting, requirements, why] : kDependents) {
    if (!asks(p, setting) || asks(p, requirements)) continue;
    const bool whole = std::string_view(why).starts_with("comes");
    p.fail(setting, whole ? why : fmt::format("has no effect without figure.{}: {}", requirements, why));
  }
}

}  // namespace

FigureSettings read_figure(Params& p) {
  FigureSettings settings;
  p.required_text({"title"}, "what the figure shows, above it");
  settings.others["x"] = {p.text(
      {"x"}, "",
      "a setting or a metric, or drafted: a chain's length or a tree's nodes per step; left out: a bar for "
      "each series")};
  p.text({"x_label"}, "", "its words; \"\": the program's own");
  p.flag({"log_x"}, false, "x doubles from tick to tick");
  settings.y = p.texts({"y"}, {}, "metrics, a row of panels each; required");
  check_quantities(p, settings.y);
  settings.series = p.texts({"series"}, {}, "settings that tell lines or bars apart; required");
  p.text({"series_label"}, "", "a word before each series' values");
  p.text({"left_out"}, "", "what is cut from the names of series");
  settings.others["colour"] = {p.text(
      {"colour"}, "",
      "a setting that colours tell, or label, the kind of text; lines then tell series by mark and dash")};
  p.text({"colour_label"}, "", "a word before each colour's value");
  settings.others["panel"] = {
      p.text({"panel"}, "", "a setting that tells columns of panels apart, or label, the kind of text")};
  p.text({"panel_label"}, "", "a word before each panel's value");
  settings.others["point_label"] =
      p.texts({"point_label"}, {}, "settings whose values stand beside each point");
  settings.others["best_over"] = {
      p.text({"best_over"}, "", "a setting of which each point shows the best, by the first y")};
  p.flag({"join"}, true, "points of a series are joined");
  p.flag({"join_trees"}, true, "so are those of trees");
  p.text({"ceiling"}, "",
         "the panel that shows what a single drawn guess can win at most; needs certificates");
  settings.certificates = p.flag({"certificates"}, false,
                                 "points are certified too, for distance and overlap as x, y or ceiling");
  return settings;
}

FigureSettings read_figure(const Config& config) {
  Params p = section(config, "figure");
  FigureSettings settings = read_figure(p);
  p.finish();
  for (const auto& [key, names] : {std::pair{"y", settings.y}, {"series", settings.series}})
    if (names.empty()) p.fail(key, "is required");
  settings.others["series"] = settings.series;
  for (const auto& [key, names] : settings.others)
    for (const std::string& name : names) check_column(p, key, name);
  check_dependents(p);
  return settings;
}

}  // namespace speclab
