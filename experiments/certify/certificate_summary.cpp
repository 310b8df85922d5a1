#include "experiments/certify/certificate_summary.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "analysis/certificate/certificate_text.h"
#include "analysis/wrapped_text.h"

namespace speclab {
namespace {

bool follows(const std::string& key) { return key.ends_with("digest") || key == "rule.lossless"; }

std::string distance_of(const CertifiedPoint& point) {
  if (point.greedy)
    return fmt::format("{} of {} texts differ", point.greedy->mismatches.size(), point.greedy->prompts);
  const DistanceBound& distance = point.statistical->certificate.distance;
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]", distance.estimate, distance.lower, distance.upper);
}

}  // namespace

std::vector<Settings> differing(std::span<const Settings> points) {
  std::map<std::string, std::set<nlohmann::json>> values;
  for (const Settings& point : points)
    for (const auto& [key, value] : point) values[key].insert(value);
  std::vector<Settings> all;
  for (const Settings& point : points) {
    Settings& own = all.emplace_back();
    for (const auto& [key, value] : point)
      if (values.at(key).size() > 1 && !follows(key)) own[key] = value;
  }
  return all;
}

std::string in_words(const Settings& settings) {
  std::string out;
  for (const auto& [key, value] : settings) {
    std::string word = value.is_string() ? value.get<std::string>() : value.dump();
    if (key.ends_with(".path") || key.ends_with(".prompts"))
      word = std::filesystem::path(word).filename().string();
    const std::string name = key.substr(key.find('.') + 1);
    out += (out.empty() ? "" : ", ") + (name == "kind" ? word : name + " " + word);
  }
  return out;
}

std::string summary(std::span<const CertifiedPoint> points) {
  std::string out = fmt::format("{:<9}  {:<24}  differs in\n", "verdict", "distance from the target");
  for (const CertifiedPoint& point : points) {
    out += fmt::format("{:<9}  {:<24}  {}\n", name(point.decision), distance_of(point),
                       wrapped(in_words(point.differs), 37));
  }
  return out;
}

}  // namespace speclab
