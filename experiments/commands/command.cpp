#include "experiments/commands/command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <utility>
#include <vector>

#include "analysis/report.h"
#include "core/errors.h"
#include "core/results/atomic_file.h"
#include "core/settings/nearest_names.h"

namespace speclab {

namespace po = boost::program_options;

std::span<const Command> commands() {
  static constexpr Command all[] = {
      {"list", "what there is: strategies, devices, shapes, metrics, every setting", list_command},
      {"run", "one point: a strategy over prompts, beside plain decoding", run_command},
      {"sweep", "the product of a config's axes, into one file; resumed if it stopped", sweep_command},
      {"certify", "is a strategy lossless, or lossy by how much", certify_command},
      {"report", "tables from result files", report_command},
      {"answer", "a config's question: sweep, certificates, table and figure in one", answer_command},
  };
  return all;
}

po::options_description described_options() { return po::options_description("options", 80); }

namespace {

std::string nearest_option(const po::options_description& known, const std::string& wrong) {
  std::vector<std::string> names;
  for (const auto& option : known.options()) names.push_back("--" + option->long_name());
  return did_you_mean(wrong, names);
}

}  // namespace

ParsedOptions parse_options(const std::vector<std::string>& arguments, const po::options_description& shown,
                            const std::string& positional, int max_positional, const std::string& usage,
                            const std::string& examples) {
  const auto refuse = [&](const std::string& what) {
    throw ConfigError(
        fmt::format("{}; see `{} --help`", what, usage.substr(0, usage.find(' ', usage.find(' ') + 1))));
  };
  po::options_description all = described_options();
  for (const auto& option : shown.options()) all.add(option);
  all.add_options()("help,h", "show this");
  po::options_description hidden;
  if (!positional.empty()) hidden.add_options()(positional.c_str(), po::value<std::vector<std::string>>());
  po::options_description known;
  known.add(all).add(hidden);
  po::positional_options_description positions;
  if (!positional.empty()) positions.add(positional.c_str(), max_positional);
  ParsedOptions parsed;
  try {
    po::store(po::command_line_parser(arguments)
                  .options(known)
                  .positional(positions)
                  .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
                  .run(),
              parsed.values);
  } catch (const po::unknown_option& e) {
    refuse(fmt::format("there is no option '{}'{}", e.get_option_name(),
                       nearest_option(all, e.get_option_name())));
  } catch (const po::too_many_positional_options_error&) {
    refuse(fmt::format("too many {}s: name one", positional));
  } catch (const po::error& e) {
    refuse(e.what());
  }
  if (parsed.values.contains("help")) {
    std::ostringstream text;
    text << all;
    fmt::print("usage: {}\n\n{}\n{}", usage, text.str(), examples);
    parsed.help = true;
  }
  return parsed;
}

void add_results(po::options_description& options, const char* help) {
  options.add_options()("results,o", po::value<std::string>()->default_value("results")->value_name("FOLDER"),
                        help);
}

std::filesystem::path results_folder(const ParsedOptions& parsed) {
  std::filesystem::path folder = parsed.values["results"].as<std::string>();
  if (folder.empty())
    throw ConfigError("--results '' names no folder; '.' is this one, and without the option it is results");
  refuse_file_as_folder(folder);
  return folder;
}

void add_settings(po::options_description& options, const char* set_help) {
  options.add_options()("set,s", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
                        set_help)(
      "device", po::value<std::string>()->value_name("NAME"),
      "where models run: cpu, cuda, cuda:1, ... (short for --set target.device=NAME)")(
      "random-weights", po::value<std::string>()->value_name("SHAPE[,SHAPE]"),
      "target and draft of catalogued shapes that have learnt nothing, over random prompts: for time, not "
      "for text")(
      "digest", po::value<std::string>()->default_value("sampled")->value_name("KIND"),
      "how files of models are told apart: sampled (of files above 64 MB size, time of change and "
      "2,048 blocks) or full (every byte)");
}

namespace {

// The models of the config, and its prompts, which are text, give way.
void use_random_weights(Experiment& experiment, const std::string& shapes) {
  nlohmann::json& sections = experiment.base.sections;
  const std::size_t comma = shapes.find(',');
  const auto random = [](const std::string& shape) {
    return nlohmann::json{{"kind", "random"}, {"shape", shape}};
  };
  sections["target"] = random(shapes.substr(0, comma));
  if (comma != std::string::npos && shapes.find(',', comma + 1) != std::string::npos)
    throw ConfigError(fmt::format("--random-weights {} names more than a target and a draft", shapes));
  if (comma != std::string::npos) sections["draft"] = random(shapes.substr(comma + 1));
  if (sections.contains("workload")) sections["workload"].erase("prompts");
  if (sections.contains("price")) {  // as the shapes that run
    sections["price"].erase("target");
    if (comma != std::string::npos) sections["price"].erase("draft");
  }
  std::erase_if(experiment.axes, [](const Axis& axis) { return axis.key == "workload.prompts"; });
}

// Axes of a config that a command of one point does not run, and no option gives a value.
void note_dropped(Experiment& experiment, const std::vector<Axis>& axes) {
  std::vector<std::string> left;
  for (const Axis& axis : axes) {
    const auto gives = [&](const Override& o) {
      return o.key == axis.key || o.key.starts_with(axis.key + ".");
    };
    if (std::ranges::none_of(experiment.overrides, gives)) left.push_back(axis.key);
  }
  if (left.empty()) return;
  experiment.base.remarks.push_back(fmt::format(
      "the config sweeps {0}, of which this is one point, with the values of its sections or the defaults; "
      "`speclab sweep` runs all, --set {1}=... names one",
      fmt::join(left, ", "), left.front()));
}

}  // namespace

Experiment named_experiment(const ParsedOptions& parsed, std::string_view command, Axes axes) {
  if (!parsed.values.contains("config")) {
    throw ConfigError(fmt::format("which config? usage: speclab {} CONFIG.toml [options]", command));
  }
  Experiment experiment = read_experiment(parsed.values["config"].as<std::vector<std::string>>().front());
  const std::vector<Axis> dropped =
      axes == Axes::drop ? std::exchange(experiment.axes, {}) : std::vector<Axis>{};
  if (parsed.values.contains("random-weights")) {
    use_random_weights(experiment, parsed.values["random-weights"].as<std::string>());
  }
  const std::string digest = parsed.values["digest"].as<std::string>();
  if (digest != "sampled" && digest != "full")
    throw ConfigError(fmt::format("--digest '{}' is none of: sampled, full", digest));
  experiment.base.digest = digest == "full" ? DigestKind::full : DigestKind::sampled;
  if (parsed.values.contains("device")) {
    apply_set(experiment, "target.device=" + parsed.values["device"].as<std::string>(), "--device");
  }
  if (parsed.values.contains("set")) {
    for (const std::string& set : parsed.values["set"].as<std::vector<std::string>>())
      apply_set(experiment, set);
  }
  note_dropped(experiment, dropped);
  return experiment;
}

int output_width() {
  if (const char* columns = std::getenv("COLUMNS")) {
    int wanted = 0;
    const char* const end = columns + std::strlen(columns);
    const auto [stop, error] = std::from_chars(columns, end, wanted);
    if (error == std::errc() && stop == end && wanted > 0) return wanted;
  }
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kReportWidth;
}

}  // namespace speclab
