#include <fmt/format.h>

#include "core/catalogue.h"
#include "core/constant_cost.h"
#include "core/errors.h"
#include "core/host_distributions.h"
#include "core/models/hashed.h"
#include "core/models/source_model.h"
#include "core/weight_format.h"
#include "experiments/certify/source_heads.h"
#include "experiments/commands/command.h"
#include "experiments/files.h"
#include "kernels/cuda_devices.h"
#include "strategies/registry.h"
#include "strategies/topologies/chain.h"

namespace speclab {
namespace {

namespace po = boost::program_options;

// Stand-ins from which anything can be made, to learn which settings it reads.
struct Dummies {
  std::shared_ptr<const TokenSource> source = std::make_shared<const Hashed>(16, 1);
  SourceModel draft{source};
  SourceHeads heads{source};
  SourceFeatures features{source};
  HostDistributions distributions;
  Chain chain{1};
  ConstantCost prices{1, 0.1};
  std::vector<std::unique_ptr<LanguageModel>> adopted;

  Parts parts() {
    Parts parts;
    parts.topology = &chain;
    parts.new_topology = [] { return std::make_unique<Chain>(1); };
    parts.distributions = [this]() -> Distributions& { return distributions; };
    parts.draft_model = [this](const std::string&) -> LanguageModel& { return draft; };
    parts.early_exit = [this](int) -> LanguageModel& { return draft; };
    parts.adopt = [this](std::unique_ptr<LanguageModel> model) -> LanguageModel& {
      return *adopted.emplace_back(std::move(model));
    };
    parts.target_source = source;
    parts.prices = &prices;
    parts.continuations = [] { return Continuations{16, {}}; };
    parts.draft_heads = [this](HeadKind, const std::string&, const std::string&) -> DraftHeads& {
      return heads;
    };
    parts.feature_model = [this](const std::string&) { return FeatureDraft{features, features}; };
    return parts;
  }
};

std::string wrapped(const std::string& text, std::size_t indent, std::size_t width) {
  std::string lines, line;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find(' ', at);
    end = end == std::string::npos ? text.size() : end;
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) {
      lines += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return lines + line;
}

template <class T>
void print_entries(const std::string& title, const std::string& section, std::span<const Entry<T>> entries) {
  fmt::print("{}\n", title);
  for (const Entry<T>& entry : entries) {
    Dummies dummies;
    Params params(section);
    const std::unique_ptr<T> made = entry.make(params, dummies.parts());
    fmt::print("  {:<22} {}\n", entry.name, wrapped(std::string(entry.summary), 25, 110));
    if (!entry.citation.empty())
      fmt::print("  {:<22} {}\n", "", wrapped(std::string(entry.citation), 25, 110));
    for (const SettingNote& note : params.notes()) {
      std::string help = note.help;
      if (!note.aliases.empty()) help += " (also: " + note.aliases + ")";
      fmt::print("    {:<40} {}\n", fmt::format("{}.{} = {}", section, note.name, note.fallback),
                 wrapped(help, 45, 110));
    }
  }
  fmt::print("\n");
}

void print_devices() {
  fmt::print("devices (configs/devices; GB/s and dense 16-bit TFLOP/s of the data sheets)\n");
  for (const Device& device : all_devices(project_configs("devices"))) {
    fmt::print("  {:<22} {:>8.0f} GB {:>8.0f} GB/s {:>8.0f} TFLOP/s\n", slug(device.name), device.memory_gb,
               device.bytes_per_second / 1e9, device.fp16_flops_per_second / 1e12);
  }
  fmt::print("  (with constants of a software stack, price.stack: see `speclab list stacks`)\n");
  fmt::print("\ndevices of this machine\n");
  const CudaDevices cuda = cuda_devices();
  for (const CudaDevice& device : cuda.devices) {
    fmt::print(
        "  {}: compute capability {}, {:.0f} GB, {:.0f} GB/s, {} multiprocessors{}\n", device.name,
        device.compute_capability, device.memory_bytes / 1e9, device.bytes_per_second / 1e9,
        device.multiprocessors,
        device.too_old ? fmt::format("; too old for models, which need {}.0", kLeastComputeMajor) : "");
  }
  if (!cuda.absent.empty()) fmt::print("  {}\n", cuda.absent);
  fmt::print("\n");
}

void print_stacks() {
  fmt::print(
      "stacks (price.stack; constants fitted to a whole engine on a device of configs/devices, and their "
      "error)\n");
  const auto folder = project_configs("devices");
  for (const auto& [name, stacks] : all_stacks(folder)) {
    for (const std::string& stack : stacks) {
      fmt::print("  {:<22} {:<12} {}\n", name, stack,
                 wrapped(find_device(folder, name, stack).efficiency.error, 38, 110));
    }
  }
  fmt::print(
      "  elsewhere, and to change any constant: {}\n\n",
      wrapped("price.device_override, such as --set price.device_override.host_seconds_per_step=0", 41, 110));
}

void print_formats() {
  fmt::print(
      "formats (price.format, price.draft_format: bits of attention, feed-forward and head weights)\n");
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
      {"drafters", [] { print_entries("drafters", "drafter", drafters()); }},
      {"topologies", [] { print_entries("topologies", "topology", topologies()); }},
      {"rules", [] { print_entries("acceptance rules", "rule", rules()); }},
      {"models", print_models},
      {"devices", print_devices},
      {"stacks", print_stacks},
      {"shapes", print_shapes},
      {"formats", print_formats},
      {"metrics", print_metrics},
  };
  return all;
}

}  // namespace

int list_command(const std::vector<std::string>& arguments, const std::string&) {
  const ParsedOptions parsed = parse_options(
      arguments, po::options_description("options"), "topic", -1, "speclab list [TOPIC...] [options]",
      "Topics: drafters, topologies, rules, models, devices, stacks, shapes,\n"
      "formats, metrics; without one, all of them.\n");
  if (parsed.help) return 0;
  if (!parsed.values.contains("topic")) {
    for (const Topic& topic : topics()) topic.print();
    return 0;
  }
  for (const std::string& wanted : parsed.values["topic"].as<std::vector<std::string>>()) {
    const auto found = std::ranges::find(topics(), wanted, &Topic::name);
    if (found == topics().end()) {
      std::vector<std::string> names;
      for (const Topic& topic : topics()) names.emplace_back(topic.name);
      throw ConfigError(fmt::format("'{}' is nothing to list{}; there are: {}", wanted,
                                    did_you_mean(wanted, names), fmt::join(names, ", ")));
    }
    found->print();
  }
  return 0;
}

}  // namespace speclab
