#pragma once

#include <boost/program_options.hpp>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/config/config_file.h"

namespace speclab {

// One subcommand of the program.
struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(const std::vector<std::string>& arguments, const std::string& command_line);  // the exit status
};

int list_command(const std::vector<std::string>& arguments, const std::string& command_line);
int run_command(const std::vector<std::string>& arguments, const std::string& command_line);
int sweep_command(const std::vector<std::string>& arguments, const std::string& command_line);
int certify_command(const std::vector<std::string>& arguments, const std::string& command_line);
int report_command(const std::vector<std::string>& arguments, const std::string& command_line);
int answer_command(const std::vector<std::string>& arguments, const std::string& command_line);

std::span<const Command> commands();

// Columns that tables may take on standard output: what COLUMNS says, or else the terminal's, or else, where
// it is no terminal, 80.
int output_width();

void print_metrics();  // each metric's unit, formula and convention

// An empty list of options whose help fits 80 columns.
boost::program_options::options_description described_options();

// What --help says and what the command line gave.
struct ParsedOptions {
  boost::program_options::variables_map values;
  bool help = false;  // was asked for, and has been printed
};

// Parses a command's arguments; `usage` and `examples` frame the help. Throws ConfigError for an unknown
// option.
ParsedOptions parse_options(const std::vector<std::string>& arguments,
                            const boost::program_options::options_description& shown,
                            const std::string& positional, int max_positional, const std::string& usage,
                            const std::string& examples);

// --results, which says `help`, and what it gave. ConfigError where that names no folder, or a file.
void add_results(boost::program_options::options_description& options, const char* help);
std::filesystem::path results_folder(const ParsedOptions& parsed);

// --set, described as `set_help`, and what is short for other settings of the models.
void add_settings(boost::program_options::options_description& options, const char* set_help);

// The experiment of the config that the command line names, with the options of add_settings applied on top
// of the axes, or instead of them. ConfigError with the usage where no config is named.
enum class Axes : bool { drop, keep };
Experiment named_experiment(const ParsedOptions& parsed, std::string_view command, Axes axes);

}  // namespace speclab
