#include "strategies/drafter_kinds.h"

#include <algorithm>

#include "strategies/registry.h"

namespace speclab {
namespace {

using nlohmann::json;

std::string text_of(const json& table, const char* key) {
  const auto found = table.find(key);
  return found != table.end() && found->is_string() ? found->get<std::string>() : "";
}

void append(std::vector<std::string>& kinds, const json& drafter, const std::string& fallback) {
  const json table = drafter.is_object() ? drafter : json::object();
  std::string kind = text_of(table, "kind") + text_of(table, "method");
  if (kind.empty()) kind = fallback;
  if (kind == "cascade") {
    kinds.push_back(kind);
    return append(kinds, table.value("inner", json()), "ngram");
  }
  if (kind == "corrected") return append(kinds, table.value("of", json()), "model");
  if (kind != "merge") return kinds.push_back(kind);
  const json of = table.value("of", json());
  if (!of.is_array() || of.empty()) return kinds.push_back("ngram");
  for (const json& one : of) append(kinds, one, "");
}

const Entry<Drafter>* entry_of(const std::string& kind) {
  const auto found = std::ranges::find(drafters(), kind, &Entry<Drafter>::name);
  return found == drafters().end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> drafter_kinds(const json& drafter) {
  std::vector<std::string> kinds;
  append(kinds, drafter, "model");
  return kinds;
}

int models_of(const json& drafter) {
  return static_cast<int>(std::ranges::count_if(drafter_kinds(drafter), [](const std::string& kind) {
    const Entry<Drafter>* entry = entry_of(kind);
    return entry != nullptr && entry->runs_model && kind != "early_exit";
  }));
}

bool runs_models(const json& drafter) {
  return std::ranges::any_of(drafter_kinds(drafter), [](const std::string& kind) {
    const Entry<Drafter>* entry = entry_of(kind);
    return entry != nullptr && entry->runs_model;
  });
}

}  // namespace speclab
