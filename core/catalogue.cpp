#include "core/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/errors.h"
#include "core/nearest_names.h"
#include "core/strict_table.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

toml::table parsed(const fs::path& file) {
  try {
    return toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw ConfigError(
        fmt::format("{}: line {}: {}", file.string(), error.source().begin.line, error.description()));
  }
}

// Every number's origin is part of the file, so that a file without it does not load.
void require_sources(StrictTable& file, std::initializer_list<const char*> subjects) {
  StrictTable source = file.table("source");
  for (const char* subject : subjects) source.text(subject);
  for (const char* optional : {"note", "interconnect", "parameters", "weights"}) {
    if (source.has(optional)) source.text(optional);
  }
  source.finish();
}

struct Constant {
  const char* key;
  double Efficiency::*value;
};

// Must be there; a stack may replace any of them.
constexpr Constant kConstants[] = {
    {"weights_bandwidth", &Efficiency::weights_bandwidth},
    {"compute", &Efficiency::compute},
    {"knee", &Efficiency::knee},
    {"kernel_seconds", &Efficiency::kernel_seconds},
    {"cache_bandwidth", &Efficiency::cache_bandwidth},
    {"attention_seconds", &Efficiency::attention_seconds},
    {"layer_seconds", &Efficiency::layer_seconds},
    {"pass_seconds", &Efficiency::pass_seconds},
    {"host_seconds_per_step", &Efficiency::host_seconds_per_step},
    {"host_seconds_per_sequence", &Efficiency::host_seconds_per_sequence},
};

constexpr Constant kOptional[] = {
    {"bits8_bandwidth", &Efficiency::bits8_bandwidth},
    {"bits4_bandwidth", &Efficiency::bits4_bandwidth},
    {"launch_seconds", &Efficiency::launch_seconds},
    {"draft_seconds_per_token", &Efficiency::draft_seconds_per_token},
    {"judge_seconds_per_row", &Efficiency::judge_seconds_per_row},
    {"all_reduce_seconds", &Efficiency::all_reduce_seconds},
    {"all_reduce_seconds_per_doubling", &Efficiency::all_reduce_seconds_per_doubling},
    {"all_reduce_bytes_per_second", &Efficiency::all_reduce_bytes_per_second},
};

void read_efficiency(StrictTable table, Efficiency& efficiency, bool complete) {
  for (const Constant& constant : kConstants) {
    if (complete || table.has(constant.key)) efficiency.*constant.value = table.number(constant.key);
  }
  for (const Constant& constant : kOptional) {
    efficiency.*constant.value = table.number(constant.key, efficiency.*constant.value);
  }
  for (const auto& [key, tile] :
       {std::pair{"small_tile", &Efficiency::small_tile}, std::pair{"large_tile", &Efficiency::large_tile}}) {
    if (complete || table.has(key)) efficiency.*tile = table.count(key);
    if (efficiency.*tile < 1) table.fail(key, "should be at least 1");
  }
  efficiency.quantised_tile =
      table.count("quantised_tile", std::min(efficiency.quantised_tile, efficiency.small_tile));
  if (efficiency.quantised_tile < 1) table.fail("quantised_tile", "should be at least 1");
  for (const auto& [key, part] :
       {std::pair{"weights_bandwidth", efficiency.weights_bandwidth},
        std::pair{"compute", efficiency.compute}, std::pair{"cache_bandwidth", efficiency.cache_bandwidth}}) {
    if (part <= 0 || part > 1) table.fail(key, fmt::format("is {}; it should be in (0, 1]", part));
  }
  if (efficiency.knee < 1) table.fail("knee", "should be at least 1");
  efficiency.error = table.text("error");  // a stack's is not its device's
  if (!complete) table.text("source");
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
    const toml::table table = parsed(file);
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

}  // namespace

std::string slug(std::string_view name) {
  std::string result;
  for (const char c : name) {
    result += c == ' ' || c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

Device load_device(const fs::path& file, std::string_view stack) {
  const toml::table table = parsed(file);
  StrictTable top(file.string(), "", table);
  require_sources(top, {"memory", "bandwidth", "flops", "efficiency"});
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
  read_efficiency(top.table("efficiency"), device.efficiency, true);
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
  bool found = stack.empty();
  std::vector<std::string> known;
  if (top.has("stack")) {
    StrictTable all = top.table("stack");
    known = all.keys();
    const Efficiency own = device.efficiency;
    for (const std::string& name : known) {
      Efficiency replaced = own;
      read_efficiency(all.table(name), replaced, false);  // those not asked for are checked all the same
      if (name != stack) continue;
      found = true;
      device.stack = name;
      device.efficiency = replaced;
    }
  }
  if (!found) {
    throw ConfigError(fmt::format("{}: no stack '{}'; there are: {}", file.string(), stack,
                                  known.empty() ? "none" : nearest_names(stack, known, known.size())));
  }
  top.finish();
  return device;
}

ModelShape load_shape(const fs::path& file) {
  const toml::table table = parsed(file);
  StrictTable top(file.string(), "", table);
  require_sources(top, {"shape"});
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
  shape.parameters = top.positive("parameters");
  shape.parameters_tolerance = top.number("parameters_tolerance", 0.01);
  top.finish();
  return shape;
}

Device find_device(const fs::path& folder, std::string_view name, std::string_view stack) {
  return load_device(find_file(folder, "device", name), stack);
}

ModelShape find_shape(const fs::path& folder, std::string_view name) {
  return load_shape(find_file(folder, "model shape", name));
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

std::vector<std::string> stacks(const fs::path& device_file) {
  const toml::table table = parsed(device_file);
  StrictTable top(device_file.string(), "", table);
  return top.has("stack") ? top.table("stack").keys() : std::vector<std::string>{};
}

}  // namespace speclab
