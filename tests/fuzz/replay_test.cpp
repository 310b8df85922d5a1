// Each target on its corpus, and for two seconds on changes of it, always the same ones; for
// SPECLAB_FUZZ_SECONDS on others each time. tests/fuzz/run goes on for longer.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>

#include "tests/fuzz/fuzz_targets.h"
#include "tests/support/project_files.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> corpus(const std::string& target) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(project_files() / "tests/fuzz/corpus" / target))
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<std::string> inputs;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// A few bytes changed, a part cut, doubled, or put in from elsewhere.
std::string changed(std::string bytes, const std::vector<std::string>& others, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return n == 0 ? std::size_t{0} : random() % n; };
  for (std::size_t times = 1 + below(4); times-- > 0 && !bytes.empty();) {
    const std::size_t place = below(bytes.size()), length = 1 + below(16);
    switch (below(6)) {
      case 0:
        bytes[place] = static_cast<char>(bytes[place] ^ (1 << below(8)));
        break;
      case 1:
        bytes[place] = static_cast<char>(below(256));
        break;
      case 2:
        bytes.erase(place, length);
        break;
      case 3:
        bytes.insert(place, bytes.substr(below(bytes.size()), length));
        break;
      case 4: {
        const std::string& other = others[below(others.size())];
        bytes.insert(place, other.substr(below(other.size()), length));
        break;
      }
      default:
        bytes.replace(place, 1,
                      std::vector<std::string>{"-1", "9", "99999999999999999999", "1e400", "\"", "[", "{",
                                               "null"}[below(8)]);
    }
  }
  return bytes;
}

class Fuzz : public testing::TestWithParam<FuzzTarget> {};

TEST_P(Fuzz, ReadsOrRefuses) {
  const std::vector<std::string> inputs = corpus(GetParam().name);
  ASSERT_FALSE(inputs.empty());
  for (const std::string& input : inputs) GetParam().run(input);
  const char* wanted = std::getenv("SPECLAB_FUZZ_SECONDS");
  const std::chrono::duration<double> time(wanted == nullptr ? 2.0 : std::atof(wanted));
  const auto begin = std::chrono::steady_clock::now();
  std::mt19937_64 random(wanted == nullptr ? 20261128 : begin.time_since_epoch().count());
  std::int64_t runs = 0;
  for (std::string input; std::chrono::steady_clock::now() - begin < time; ++runs) {
    input = changed(inputs[random() % inputs.size()], inputs, random);
    write_bytes(fuzz_folder() / "last", input);  // what is left if the process ends here
    GetParam().run(input);
  }
  RecordProperty("runs", std::to_string(runs));
  std::printf("%s: %lld changed inputs\n", GetParam().name, static_cast<long long>(runs));
}

INSTANTIATE_TEST_SUITE_P(All, Fuzz, testing::ValuesIn(fuzz_targets().begin(), fuzz_targets().end()),
                         [](const auto& made) { return std::string(made.param.name); });

}  // namespace
}  // namespace speclab
