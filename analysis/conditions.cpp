#include "analysis/conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analysis/metrics.h"

namespace speclab {
namespace {

void append(std::string& text, std::string_view between, const std::string& part) {
  if (!part.empty()) text += (text.empty() ? "" : std::string(between)) + part;
}

std::string any_of(const std::set<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, "; or "));
}

// "models/code-8m/" -> "code-8m".
std::string last_part(const std::string& path) {
  const std::filesystem::path name(path);
  return (name.has_filename() ? name.filename() : name.parent_path().filename()).string();
}

std::string model(const LoadedPoint& point, const std::string& section) {
  const std::string path = point.setting(section + ".path");
  if (!path.empty()) return last_part(path);
  const std::string shape = point.setting(section + ".shape");
  return shape.empty() ? point.setting(section + ".kind") : shape + ", random weights";
}

}  // namespace

Conditions conditions(std::span<const LoadedPoint> points) {
  Conditions found;
  found.points = points.size();
  std::set<std::string> experiments, measured, priced, errors, models, commits;
  for (const LoadedPoint& point : points) {
    experiments.insert(point.experiment);
    if (!point.done()) continue;
    ++found.done;
    const PromptSelection all(point);
    found.prompts = std::max(found.prompts, all.grid().prompts);
    found.repeats = std::max(found.repeats, all.grid().repeats);
    if (evaluate("measured_tokens_per_second", all)) {
      std::string machine = point.fact("cpu");
      if (!point.fact("cores").empty()) machine += fmt::format(" ({} cores)", point.fact("cores"));
      append(machine, " + ", point.fact("device"));
      measured.insert(machine);
    }
    if (evaluate("priced_tokens_per_second", all)) {
      std::string shapes = point.fact("priced_target");
      append(shapes, " / ", point.fact("priced_draft"));
      append(shapes, " on ", point.fact("priced_device"));
      priced.insert(shapes);
      if (!point.fact("priced_error").empty()) errors.insert(point.fact("priced_error"));
    }
    std::string ran = model(point, "target");
    append(ran, " / ", model(point, "draft"));
    if (!ran.empty()) models.insert(ran);
    const std::string commit = point.fact("git_commit").substr(0, 10);
    commits.insert(commit + (point.fact("dirty") == "true" ? "+dirty" : ""));
  }
  found.experiments.assign(experiments.begin(), experiments.end());
  found.measured_on = any_of(measured);
  found.priced_as = any_of(priced);
  found.priced_error = any_of(errors);
  std::erase_if(models, [&](const std::string& alone) {  // the same target, by a drafter without a model
    return std::ranges::any_of(models, [&](const std::string& m) { return m.starts_with(alone + " / "); });
  });
  found.models = any_of(models);
  found.commits = any_of(commits);
  return found;
}

}  // namespace speclab
