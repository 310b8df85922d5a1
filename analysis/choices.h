#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "analysis/point_file.h"

namespace speclab {

// Whether who decodes a text may choose the setting: drafter, draft model, topology, rule and their settings.
// All else is a circumstance: target, text, sampling, batch, device, stack, ..., and how right a synthetic
// draft is.
bool is_choice(const std::string& setting);

// How points differ: in what is chosen, and in the circumstances, in which bests are looked for apart.
class Differences {
 public:
  explicit Differences(std::span<const LoadedPoint> points);  // finished ones

  const std::vector<std::string>& choices() const { return choices_; }
  const std::vector<std::string>& circumstances() const { return circumstances_; }
  bool one_choice() const { return one_choice_; }

  // Of a point, by the names above; null where it has no such setting.
  std::vector<nlohmann::json> chosen(const LoadedPoint& point) const;
  std::vector<nlohmann::json> circumstance(const LoadedPoint& point) const;

  // "model chain(4)": kinds, each with its settings that differ among the points.
  std::string strategy(const LoadedPoint& point) const;
  // "temperature 0.7, batch 8", without the kind of text.
  std::string circumstance_text(const LoadedPoint& point, const std::string& label) const;
  // What stands in brackets, "chain(length)", each kind once.
  const std::vector<std::string>& legend() const { return legend_; }

 private:
  struct Named {
    std::string text, legend;
  };
  Named kind(const LoadedPoint& point, const std::string& section) const;
  Named strategy_parts(const LoadedPoint& point, std::vector<std::string>* legend) const;

  std::vector<std::string> choices_, circumstances_, legend_;
  bool one_choice_ = true, machines_differ_ = false;
};

// A setting as a reader wants it: of paths the last part.
std::string shown_value(const nlohmann::json& value);

}  // namespace speclab
