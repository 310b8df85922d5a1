#include "experiments/sweep/settings_by_kind.h"

#include <algorithm>

#include "core/errors.h"
#include "experiments/config/config_section.h"
#include "experiments/sweep/settings_catalogue.h"

namespace speclab {
namespace {

using nlohmann::json;

std::string default_kind(const std::string& section) {
  if (section == "drafter") return kDefaultDrafter;
  if (section == "topology") return kDefaultTopology;
  if (section == "rule") return kDefaultRule;
  if (section == "clock") return "wall";
  if (section == "price") return "roofline";
  return section == "figure" ? "curves" : "checkpoint";
}

void add_names(std::set<std::string>& names, const std::vector<SettingNote>& notes) {
  for (const SettingNote& note : notes) {
    names.insert(note.name);
    names.insert(note.aliases.begin(), note.aliases.end());
    names.insert(note.with_root.begin(), note.with_root.end());
  }
}

}  // namespace

SettingParts parts_of(const std::string& setting) {
  std::vector<std::string> steps(1);
  for (const char c : setting) {
    if (c == '.') {
      steps.emplace_back();
    } else {
      steps.back() += c;
    }
  }
  steps.resize(std::max<std::size_t>(steps.size(), 2));
  return {steps[0], steps[1], {steps.begin() + 2, steps.end()}};
}

std::string governor(const std::string& section) {
  if (section == "workload") return "target";  // texts are read where it has a tokenizer
  const bool plain = section == "sampling" || section == "record" || section == "certify";
  return plain ? "" : section;
}

std::string kind_of(const std::string& section, const json& settings,
                    const std::map<std::string, std::string>& places) {
  try {
    return Params(section, settings, places).text({"kind", "method"}, default_kind(section), "");
  } catch (const ConfigError&) {
    return "";
  }
}

std::string kind_of(const std::string& section, const Config& config) {
  return kind_of(section, config.sections.value(section, json::object()), config.places);
}

std::string page_of(const std::string& section) {
  return section.starts_with("draft") && section != "drafter" ? "draft" : section;
}

SettingsByKind::Page& SettingsByKind::page(const std::string& section) {
  const auto [slot, first] = pages_.try_emplace(section);
  if (!first) return slot->second;
  const SectionPage page = settings_page(page_of(section));
  add_names(slot->second.names, page.every_kind);
  for (const SectionSettings& each : page.kinds) {
    Known& known = slot->second.kinds[each.kind];
    for (const std::vector<SettingNote>& notes : {page.every_kind, each.notes}) {
      add_names(known.names, notes);
      known.settings.insert(known.settings.end(), notes.begin(), notes.end());
    }
    add_names(slot->second.names, each.notes);
  }
  return slot->second;
}

const SettingsByKind::Known& SettingsByKind::known(const std::string& section, const std::string& kind) {
  const std::string own = section != "workload" ? kind : kind == "checkpoint" ? kOfText : kSynthetic;
  return page(section).kinds[own];
}

const std::set<std::string>& SettingsByKind::names(const std::string& section) { return page(section).names; }

}  // namespace speclab
