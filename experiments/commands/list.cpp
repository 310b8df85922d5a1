#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analysis/wrapped_text.h"
#include "core/cost/catalogue.h"
#include "core/cost/weight_format.h"
#include "core/errors.h"
#include "experiments/commands/command.h"
#include "experiments/commands/settings_text.h"
#include "experiments/config/files.h"
#include "experiments/sweep/settings_catalogue.h"
#include "kernels/cuda_devices.h"

namespace speclab {
namespace {

namespace po = boost::program_options;

void print_page(const std::string& section) { fmt::print("{}", to_text(settings_page(section))); }

void print_devices() {
  fmt::print("devices (configs/devices; GB/s and dense 16-bit TFLOP/s of the data sheets)\n");
  for (const Device& device : all_devices(project_configs("devices"))) {
    fmt::print("  {:<28} {:>5.0f} GB {:>8.0f} GB/s {:>7.0f} TFLOP/s\n", slug(device.name), device.memory_gb,
               device.bytes_per_second / 1e9, device.fp16_flops_per_second / 1e12);
  }
  fmt::print("  (constants of a software stack, price.stack: see `speclab list stacks`)\n");
  fmt::print("\ndevices of this machine\n");
  const CudaDevices cuda = cuda_devices();
  for (const CudaDevice& device : cuda.devices) {
    fmt::print("  {}\n    compute capability {}, {:.0f} GB, {:.0f} GB/s, {} multiprocessors{}\n", device.name,
               device.compute_capability, device.memory_bytes / 1e9, device.bytes_per_second / 1e9,
               device.multiprocessors,
               device.too_old ? fmt::format("; too old for models, which need {}.0", kMinComputeMajor) : "");
  }
  if (!cuda.absent.empty()) fmt::print("  {}\n", cuda.absent);
  fmt::print("\n");
}

void print_stacks() {
  fmt::print("stacks (price.stack: constants fitted to an engine on that device; their error)\n");
  const auto folder = project_configs("devices");
  for (const auto& [name, stacks] : all_stacks(folder)) {
    for (const std::string& stack : stacks) {
      fmt::print("  {:<14} {:<11} {}\n", name, stack,
                 wrapped(find_device(folder, name, stack).efficiency.error, 29));
    }
  }
  fmt::print(
      "  elsewhere, and to change any constant: price.device_override, such as\n"
      "  --set price.device_override.host_seconds_per_step=0\n\n");
}

void print_formats() {
  fmt::print("formats (price.format, draft_format: bits of attention, feed-forward, head)\n");
  for (const WeightFormat& format : weight_formats()) {
    const char* arithmetic = format.arithmetic == ProductFormat::fp8    ? ", computed in fp8"
                             : format.arithmetic == ProductFormat::int8 ? ", computed in int8"
                                                                        : "";
    fmt::print("  {:<22} {:>6} {:>6} {:>6}{}\n", format.name, format.attention_bits, format.feed_forward_bits,
               format.head_bits, arithmetic);
  }
  fmt::print("\n");
}

void print_shapes() {
  fmt::print("shapes (configs/shapes)\n");
  for (const ModelShape& shape : all_shapes(project_configs("shapes"))) {
    fmt::print("  {:<28} {:>3} layers {:>6} hidden {:>7} vocab\n", slug(shape.name), shape.layers,
               shape.hidden, shape.vocab);
  }
  fmt::print("\n");
}

void print_models() {
  fmt::print("models that ship with the project (configs/models)\n");
  const auto folder = project_configs("models");
  if (!std::filesystem::is_directory(folder)) return;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory()) names.push_back("configs/models/" + entry.path().filename().string());
  }
  std::ranges::sort(names);
  for (const std::string& name : names) fmt::print("  {}\n", name);
  fmt::print("\n");
}

struct Topic {
  std::string_view name;
  void (*print)();
};

std::span<const Topic> topics() {
  static constexpr Topic all[] = {
      {"drafters", [] { print_page("drafter"); }},
      {"topologies", [] { print_page("topology"); }},
      {"rules", [] { print_page("rule"); }},
      {"models", print_models},
      {"devices", print_devices},
      {"stacks", print_stacks},
      {"shapes", print_shapes},
      {"formats", print_formats},
      {"metrics", print_metrics},
  };
  return all;
}

void print_settings(const std::vector<std::string>& sections) {
  if (sections.empty()) fmt::print("{}", config_text());
  for (const std::string& section : sections.empty() ? settings_pages() : sections) print_page(section);
}

const Topic& topic(const std::string& wanted) {
  std::vector<std::string> names{"settings"};
  for (const Topic& topic : topics()) {
    if (topic.name == wanted) return topic;
    names.emplace_back(topic.name);
  }
  throw ConfigError(fmt::format("'{}' is nothing to list{}; there are: {}", wanted,
                                did_you_mean(wanted, names), fmt::join(names, ", ")));
}

}  // namespace

int list_command(const std::vector<std::string>& arguments, const std::string&) {
  po::options_description options = described_options();
  options.add_options()("markdown", "with settings: the page configs/SETTINGS.md");
  const ParsedOptions parsed =
      parse_options(arguments, options, "topic", -1, "speclab list [TOPIC...] [options]",
                    "What there is. Topics: drafters, topologies, rules, models, devices, stacks,\n"
                    "shapes, formats, metrics; without one, all of them. `settings` is every\n"
                    "setting of a config, and\n"
                    "`settings SECTION...` those of some sections.\n\n"
                    "  speclab list drafters\n"
                    "  speclab list settings topology workload\n\n"
                    "exit status: 0 done, 3 error\n");
  if (parsed.help) return 0;
  std::vector<std::string> wanted;
  if (parsed.values.contains("topic")) wanted = parsed.values["topic"].as<std::vector<std::string>>();
  const bool settings = !wanted.empty() && wanted.front() == "settings";
  if (parsed.values.contains("markdown")) {
    if (wanted != std::vector<std::string>{"settings"})
      throw ConfigError("--markdown goes with `speclab list settings` alone");
    fmt::print("{}", settings_markdown());
  } else if (settings) {
    print_settings({wanted.begin() + 1, wanted.end()});
  } else if (wanted.empty()) {
    for (const Topic& each : topics()) each.print();
  } else {
    for (const std::string& name : wanted) topic(name);  // nothing is printed where one is none
    for (const std::string& name : wanted) topic(name).print();
  }
  return 0;
}

}  // namespace speclab
