#include "core/cost/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "core/cost/catalogue_overrides.h"
#include "core/cost/demand.h"
#include "core/cost/efficiency_keys.h"
#include "core/errors.h"
#include "core/settings/nearest_names.h"
#include "core/settings/strict_table.h"
#include "core/settings/toml_text.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDeviceOverride = "price.device_override";
constexpr const char* kShapeOverride = "price.target_override or price.draft_override";
constexpr const char* kNotStated = "not stated by its file";

// Every number's origin is part of a file of the catalogue, so that one without it does not load.
void read_sources(StrictTable& file, std::initializer_list<const char*> subjects, Sources sources) {
  if (sources == Sources::optional && !file.has("source")) return;
  StrictTable source = file.table("source");
  for (const char* subject : subjects)
    if (sources == Sources::required || source.has(subject)) source.text(subject);
  for (const char* optional : {"note", "interconnect", "host_link", "parameters", "weights"}) {
    if (source.has(optional)) source.text(optional);
  }
  source.finish();
}

void read_efficiency(StrictTable table, Efficiency& efficiency, bool complete, Sources sources) {
  for (const auto& constant : kConstants) {
    if (complete || table.has(constant.key)) efficiency.*constant.value = table.number(constant.key);
  }
  for (const auto& constant : kOptionalConstants) {
    efficiency.*constant.value = table.number(constant.key, efficiency.*constant.value);
  }
  for (const auto& [key, tile] : kTiles) {
    if (complete || table.has(key)) efficiency.*tile = table.count(key);
    if (efficiency.*tile < 1) table.fail(key, "should be at least 1");
  }
  efficiency.quantised_tile =
      table.count(kQuantisedTile, std::min(efficiency.quantised_tile, efficiency.small_tile));
  if (efficiency.quantised_tile < 1) table.fail(kQuantisedTile, "should be at least 1");
  for (const auto& [key, part] :
       {std::pair{"weights_bandwidth", efficiency.weights_bandwidth},
        std::pair{"compute", efficiency.compute}, std::pair{"cache_bandwidth", efficiency.cache_bandwidth}}) {
    if (part <= 0 || part > 1) table.fail(key, fmt::format("is {}; it should be in (0, 1]", part));
  }
  if (efficiency.knee < 1) table.fail("knee", "should be at least 1");
  efficiency.error = kNotStated;  // a stack's is not its device's
  if (sources == Sources::required || table.has("error")) efficiency.error = table.text("error");
  if (!complete && (sources == Sources::required || table.has("source"))) table.text("source");
  table.finish();
}

double optional_rate(StrictTable& table, const std::string& key) {
  return table.has(key) ? table.positive(key) : 0;
}

Experts read_experts(StrictTable table) {
  Experts experts{.count = table.count("count"),
                  .per_token = table.count("per_token"),
                  .shared_width = table.count("shared_width", 0),
                  .dense_layers = table.count("dense_layers", 0),
                  .width = table.count("width")};
  experts.spread = table.number("spread", experts.spread);
  if (experts.per_token < 1 || experts.per_token > experts.count) {
    table.fail("per_token", "should be between 1 and count");
  }
  table.finish();
  return experts;
}

WeightFormat read_format(StrictTable table) {
  WeightFormat format{.name = table.text("name"),
                      .attention_bits = table.positive("attention_bits"),
                      .feed_forward_bits = table.positive("feed_forward_bits"),
                      .head_bits = table.positive("head_bits")};
  const std::string arithmetic = table.text("arithmetic");
  if (arithmetic == "fp8") {
    format.arithmetic = ProductFormat::fp8;
  } else if (arithmetic == "int8") {
    format.arithmetic = ProductFormat::int8;
  } else if (arithmetic != "fp16") {
    table.fail("arithmetic", fmt::format("is '{}'; there are: fp16, fp8, int8", arithmetic));
  }
  table.finish();
  return format;
}

std::vector<std::string> stack_names(const toml::table& device) {
  std::vector<std::string> names;
  if (const toml::table* all = device["stack"].as_table(); all != nullptr)
    for (const auto& [name, _] : *all) names.emplace_back(name.str());
  return names;
}

// What a mistake is to be looked for in.
std::string place_of(const fs::path& file, const Overrides& overrides, const char* setting) {
  return overrides.empty() ? file.string() : fmt::format("{}, with {}", file.string(), setting);
}

// Of all files in order of name.
std::vector<fs::path> files(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw ConfigError(fmt::format("{} is not a folder", folder.string()));
  std::vector<fs::path> list;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") list.push_back(entry.path());
  }
  std::ranges::sort(list);
  return list;
}

// The file that has this name or alias.
fs::path find_file(const fs::path& folder, std::string_view kind, std::string_view name) {
  const std::string wanted = slug(name);
  std::vector<std::string> known;
  for (const fs::path& file : files(folder)) {
    const toml::table table = parse_toml(file);
    StrictTable entry(file.string(), "", table);
    std::vector<std::string> names = entry.texts("aliases");
    names.push_back(entry.text("name"));
    names.push_back(file.stem().string());
    if (std::ranges::any_of(names, [&](const std::string& one) { return slug(one) == wanted; })) return file;
    known.push_back(file.stem().string());
    for (const std::string& alias : entry.texts("aliases")) known.push_back(slug(alias));
  }
  throw ConfigError(
      fmt::format("{}: no {} '{}'; nearest: {}", folder.string(), kind, name, nearest_names(wanted, known)));
}

[[noreturn]] void refuse_stack(const fs::path& file, const toml::table& device, const std::string& stack) {
  const std::vector<std::string> known = stack_names(device);
  std::string elsewhere;
  for (const auto& [other, names] : all_stacks(fs::absolute(file).parent_path())) {
    if (other != file.stem())
      elsewhere += fmt::format("{}{} has {}", elsewhere.empty() ? " (" : "; ", other, fmt::join(names, ", "));
  }
  throw ConfigError(
      fmt::format("{}: no stack '{}'; there are: {}{}; without one the device's own constants count, and {} "
                  "sets them one by one",
                  file.string(), stack, known.empty() ? "none" : nearest_names(stack, known, known.size()),
                  elsewhere.empty() ? "" : elsewhere + ")", kDeviceOverride));
}

}  // namespace

std::string slug(std::string_view name) {
  std::string result;
  for (const char c : name) {
    result += c == ' ' || c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

Device load_device(const fs::path& file, const std::string& stack, const Overrides& overrides,
                   Sources sources) {
  toml::table table = parse_toml(file);
  if (!stack.empty() && table["stack"][stack].as_table() == nullptr) refuse_stack(file, table, stack);
  override_device(table, stack, overrides, kDeviceOverride);
  StrictTable top(place_of(file, overrides, kDeviceOverride), "", table);
  read_sources(top, {"memory", "bandwidth", "flops", "efficiency"}, sources);
  Device device;
  device.name = top.text("name");
  device.aliases = top.texts("aliases");
  device.vendor = top.text("vendor");
  device.memory_gb = top.positive("memory_gb");
  device.bytes_per_second = top.positive("bytes_per_second");
  StrictTable flops = top.table("flops_per_second");
  device.fp16_flops_per_second = flops.positive("fp16");
  device.fp8_flops_per_second = optional_rate(flops, "fp8");
  device.int8_flops_per_second = optional_rate(flops, "int8");
  flops.finish();
  read_efficiency(top.table("efficiency"), device.efficiency, true, sources);
  if (top.has("interconnect")) {
    StrictTable link = top.table("interconnect");
    link.text("name");
    device.link_bytes_per_second = link.positive("bytes_per_second");
    link.finish();
    if (device.efficiency.all_reduce_bytes_per_second <= 0) {
      top.fail("efficiency.all_reduce_bytes_per_second",
               "should be more than 0 where there is an interconnect");
    }
  }
  if (top.has("host_link")) {
    StrictTable link = top.table("host_link");
    device.host_link = link.text("name");
    device.host_link_bytes_per_second = link.positive("bytes_per_second");
    link.finish();
  }
  if (top.has("stack")) {
    StrictTable all = top.table("stack");
    const Efficiency own = device.efficiency;
    for (const std::string& name : all.keys()) {
      Efficiency replaced = own;
      read_efficiency(all.table(name), replaced, false,
                      sources);  // those not asked for are checked all the same
      if (name != stack) continue;
      device.stack = name;
      device.efficiency = replaced;
    }
  }
  device.digest = digest_of(table, stack);
  top.finish();
  return device;
}

ModelShape load_shape(const fs::path& file, const Overrides& overrides, Sources sources) {
  toml::table table = parse_toml(file);
  override_shape(table, overrides, kShapeOverride);
  StrictTable top(place_of(file, overrides, kShapeOverride), "", table);
  read_sources(top, {"shape"}, sources);
  ModelShape shape;
  shape.name = top.text("name");
  shape.aliases = top.texts("aliases");
  for (const auto& [key, value] :
       {std::pair{"layers", &ModelShape::layers}, std::pair{"hidden", &ModelShape::hidden},
        std::pair{"heads", &ModelShape::heads}, std::pair{"kv_heads", &ModelShape::kv_heads},
        std::pair{"head_dim", &ModelShape::head_dim}, std::pair{"vocab", &ModelShape::vocab}}) {
    shape.*value = top.count(key);
    if (shape.*value < 1) top.fail(key, "should be at least 1");
  }
  if (shape.heads % shape.kv_heads != 0) top.fail("heads", "should be a multiple of kv_heads");
  shape.feed_forward_matrices = top.count("feed_forward_matrices");
  if (shape.feed_forward_matrices != 2 && shape.feed_forward_matrices != 3) {
    top.fail("feed_forward_matrices", "should be 2, or 3 with a gate");
  }
  if (top.has("experts")) shape.experts = read_experts(top.table("experts"));
  if (shape.experts.dense_layers > shape.layers) top.fail("experts.dense_layers", "exceeds layers");
  const bool plain = !shape.mixture() || shape.experts.dense_layers > 0;
  shape.feed_forward = plain ? top.count("feed_forward") : 0;
  shape.learned_positions = top.count("learned_positions", 0);
  shape.tied_embeddings = top.truth("tied_embeddings", false);
  shape.borrowed_embeddings = top.truth("borrowed_embeddings", false);
  shape.attention_weights = top.number("attention_weights", 0);
  shape.cache_width = top.number("cache_width", 0);
  shape.extra_weights = top.number("extra_weights", 0);
  shape.windowed_layers = top.count("windowed_layers", 0);
  if (shape.windowed_layers > 0) shape.window = top.count("window");
  if (shape.windowed_layers > shape.layers) top.fail("windowed_layers", "exceeds layers");
  shape.cache_bits = top.has("cache_bits") ? top.positive("cache_bits") : 16;
  if (top.has("weights")) shape.weights = read_format(top.table("weights"));
  const bool counted = sources == Sources::required || top.has("parameters");
  shape.parameters = counted ? top.positive("parameters") : parameters(shape);
  shape.parameters_tolerance = top.number("parameters_tolerance", 0.01);
  top.finish();
  shape.digest = digest_of(table, "");
  return shape;
}

Device find_device(const fs::path& folder, std::string_view name, const std::string& stack,
                   const Overrides& overrides) {
  return load_device(find_file(folder, "device", name), stack, overrides);
}

ModelShape find_shape(const fs::path& folder, std::string_view name, const Overrides& overrides) {
  return load_shape(find_file(folder, "model shape", name), overrides);
}

std::vector<Device> all_devices(const fs::path& folder) {
  std::vector<Device> list;
  for (const fs::path& file : files(folder)) list.push_back(load_device(file));
  return list;
}

std::vector<ModelShape> all_shapes(const fs::path& folder) {
  std::vector<ModelShape> list;
  for (const fs::path& file : files(folder)) list.push_back(load_shape(file));
  return list;
}

std::vector<std::pair<std::string, std::vector<std::string>>> all_stacks(const fs::path& folder) {
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  for (const fs::path& file : files(folder)) {
    std::vector<std::string> names = stacks(file);
    if (!names.empty()) all.emplace_back(file.stem().string(), std::move(names));
  }
  return all;
}

std::vector<std::string> stacks(const fs::path& device_file) { return stack_names(parse_toml(device_file)); }

}  // namespace speclab
