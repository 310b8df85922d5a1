// The commands that help texts and pages show are commands of today's program.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/cli/speclab.h"
#include "tests/support/project_files.h"

namespace speclab {
namespace {

using Arguments = std::vector<std::string>;

// Of a line or a quotation that starts with the program's name, up to a comment or a redirection.
void add_example(const std::string& text, std::vector<Arguments>& examples) {
  std::istringstream words(text);
  std::string word;
  if (!(words >> word) || (word != "speclab" && word != "build/speclab")) return;
  Arguments arguments;
  while (words >> word && word[0] != '#' && word[0] != '>') arguments.push_back(word);
  if (!arguments.empty()) examples.push_back(arguments);
}

std::vector<Arguments> examples_in(std::istream& text) {
  std::vector<Arguments> examples;
  for (std::string line; std::getline(text, line);) {
    add_example(line, examples);
    std::istringstream parts(line);
    bool quoted = false;
    for (std::string part; std::getline(parts, part, '`'); quoted = !quoted) {
      if (quoted && part.starts_with("build/")) add_example(part, examples);
    }
  }
  return examples;
}

void expect_known(Arguments arguments) {
  const std::string command = arguments.front();
  const std::string shown = testing::PrintToString(arguments);
  if (command == "list") {
    const Ended ended = speclab(arguments, {.folder = project_files()});
    EXPECT_EQ(ended.status, 0) << shown << ended.err;
    return;
  }
  // A last setting that there is not stops it before it begins: all before that was understood.
  std::string complaint = "no_such.setting";
  const bool of_config = std::ranges::any_of(arguments, [](const auto& a) { return a.ends_with(".toml"); });
  if (of_config) {
    arguments.insert(arguments.end(), {"--set", complaint + "=1"});
  } else {
    complaint = "no such file";
    for (std::string& argument : arguments) {
      if (argument.find('.') != std::string::npos) argument = "absent/" + argument;
    }
  }
  const Ended ended = speclab(arguments, {.folder = project_files()});
  EXPECT_EQ(ended.status, 3) << shown;
  EXPECT_NE(ended.err.find(complaint), std::string::npos) << shown << '\n' << ended.err;
}

TEST(Examples, OfHelpAreUnderstood) {
  for (const char* command : {"list", "run", "sweep", "certify", "report", "answer"}) {
    std::istringstream help(speclab({command, "--help"}).out);
    const auto examples = examples_in(help);
    EXPECT_FALSE(examples.empty()) << command;
    for (const auto& example : examples) expect_known(example);
  }
}

TEST(Examples, OfPagesAreUnderstood) {
  std::size_t count = 0;
  for (const char* page :
       {"README.md", "CONTRIBUTING.md", "configs/README.md", "kernels/README.md", "results/README.md"}) {
    std::ifstream text(project_files() / page);
    const auto examples = examples_in(text);
    count += examples.size();
    for (const auto& example : examples) expect_known(example);
  }
  EXPECT_GE(count, 20);
}

}  // namespace
}  // namespace speclab
