#include "core/cost/catalogue_overrides.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "core/cost/efficiency_keys.h"
#include "core/errors.h"
#include "core/numerics/fnv1a.h"
#include "core/settings/nearest_names.h"

namespace speclab {
namespace {

const std::string kEfficiency = "efficiency.";

std::vector<std::string> device_keys() {
  std::vector<std::string> keys{"name",
                                "memory_gb",
                                "bytes_per_second",
                                "flops_per_second.fp16",
                                "flops_per_second.fp8",
                                "flops_per_second.int8",
                                "interconnect.name",
                                "interconnect.bytes_per_second",
                                "host_link.name",
                                "host_link.bytes_per_second"};
  for (const auto& constant : kConstants) keys.push_back(kEfficiency + constant.key);
  for (const auto& tile : kTiles) keys.push_back(kEfficiency + tile.key);
  for (const auto& constant : kOptionalConstants) keys.push_back(kEfficiency + constant.key);
  keys.push_back(kEfficiency + kQuantisedTile);
  return keys;
}

const std::vector<std::string> kShapeKeys{"name",
                                          "layers",
                                          "hidden",
                                          "heads",
                                          "kv_heads",
                                          "head_dim",
                                          "feed_forward",
                                          "feed_forward_matrices",
                                          "vocab",
                                          "learned_positions",
                                          "tied_embeddings",
                                          "borrowed_embeddings",
                                          "attention_weights",
                                          "cache_width",
                                          "cache_bits",
                                          "extra_weights",
                                          "window",
                                          "windowed_layers",
                                          "experts.count",
                                          "experts.per_token",
                                          "experts.shared_width",
                                          "experts.dense_layers",
                                          "experts.width",
                                          "experts.spread",
                                          "weights.name",
                                          "weights.attention_bits",
                                          "weights.feed_forward_bits",
                                          "weights.head_bits",
                                          "weights.arithmetic"};

std::string full_key(const std::string& written, const std::vector<std::string>& known,
                     const std::string& place) {
  if (std::ranges::find(known, written) != known.end()) return written;
  std::vector<std::string> ends;
  for (const std::string& key : known)
    if (key.ends_with("." + written)) ends.push_back(key);
  if (ends.size() == 1) return ends.front();
  if (ends.size() > 1)
    throw ConfigError(fmt::format("{}.{} may be any of: {}", place, written, fmt::join(ends, ", ")));
  std::vector<std::string> last;
  for (const std::string& key : known) last.push_back(key.substr(key.find('.') + 1));
  throw ConfigError(fmt::format("{}.{} is not a key of such a file{}; known: {}", place, written,
                                did_you_mean(written, last), fmt::join(known, ", ")));
}

void put(toml::table& table, const std::string& key, const nlohmann::json& value, const std::string& place) {
  if (value.is_boolean()) {
    table.insert_or_assign(key, value.get<bool>());
  } else if (value.is_number_integer()) {
    table.insert_or_assign(key, value.get<std::int64_t>());
  } else if (value.is_number()) {
    table.insert_or_assign(key, value.get<double>());
  } else if (value.is_string()) {
    table.insert_or_assign(key, value.get<std::string>());
  } else {
    throw ConfigError(
        fmt::format("{}.{} = {} is not a number, a name, true or false", place, key, value.dump()));
  }
}

// The table of that name, made where there is none.
toml::table& inner(toml::table& file, const std::string& name) {
  const bool link = name == "interconnect" || name == "host_link";
  if (!file.contains(name)) file.insert(name, link ? toml::table{{"name", "given"}} : toml::table{});
  return *file.get_as<toml::table>(name);
}

void apply(toml::table& file, const std::string& stack, const Overrides& overrides,
           const std::vector<std::string>& known, const std::string& place) {
  std::map<std::string, std::string> given;  // full key -> as written
  for (const auto& [written, value] : overrides) {
    const std::string key = full_key(written, known, place);
    if (const auto [at, fresh] = given.emplace(key, written); !fresh)
      throw ConfigError(
          fmt::format("{}.{} and {} are both set, and mean the same", place, at->second, written));
    const auto dot = key.find('.');
    if (dot == std::string::npos) {
      put(file, key, value, place);
      continue;
    }
    const std::string last = key.substr(dot + 1);
    put(inner(file, key.substr(0, dot)), last, value, place);
    if (!stack.empty() && key.starts_with(kEfficiency))
      put(*file["stack"][stack].as_table(), last, value, place);
  }
}

void erase_words(toml::table& table) {
  for (const char* word : {"name", "aliases", "vendor", "source", "error"}) table.erase(word);
}

}  // namespace

void override_device(toml::table& file, const std::string& stack, const Overrides& overrides,
                     const std::string& place) {
  apply(file, stack, overrides, device_keys(), place);
}

void override_shape(toml::table& file, const Overrides& overrides, const std::string& place) {
  apply(file, "", overrides, kShapeKeys, place);
}

std::string digest_of(toml::table file, const std::string& stack) {
  toml::table used;
  if (const toml::table* replaced = file["stack"][stack].as_table(); replaced != nullptr) used = *replaced;
  file.insert_or_assign("stack", std::move(used));
  erase_words(file);
  for (auto&& [key, node] : file)
    if (toml::table* table = node.as_table(); table != nullptr) erase_words(*table);
  std::ostringstream text;
  text << toml::json_formatter{file};
  Fnv1a hash;
  hash.add(text.str());
  return fmt::format("{:016x}", hash.value());
}

}  // namespace speclab
