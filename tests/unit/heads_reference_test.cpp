// The shipped heads against what PyTorch made of them in float32: tests/data/make_heads_reference.py.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/cpu/cpu_eagle.h"
#include "kernels/cpu/cpu_heads.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kModels = fs::path(SPECLAB_SOURCE_DIR) / "configs/models";
constexpr const char* kTarget = "speclab-target-11m";

// Activations are rounded to bf16 before each matrix here and not there: by 2^-9 at most, which is 2^-9 /
// sqrt(3) of each sum's spread. The target's 28 matrices and a head's two to eleven in a row are sqrt(39)
// times that, 0.7 % of the logits' spread, and what is compared is the largest of five of four thousand: four
// times that, of the largest logit.
constexpr double kTolerance = 3e-2;

class HeadsReferenceTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::ifstream stream(fs::path(SPECLAB_SOURCE_DIR) / "tests/data/heads_reference.json");
    reference_ = json::parse(stream);
  }
  fs::path folder() const { return kModels / (std::string(kTarget) + "-" + GetParam()); }

  // `said` is a list of {token, logit}.
  static void expect_near(Row row, const json& said, const std::string& where) {
    const double largest = said[0]["logit"].get<double>();
    for (const json& one : said) {
      const auto token = one["token"].get<std::size_t>();
      EXPECT_NEAR(row.f32()[token], one["logit"].get<double>(), kTolerance * std::abs(largest))
          << where << ", token " << token;
    }
  }

  json reference_;
};

TEST_P(HeadsReferenceTest, EqualsPyTorch) {
  CpuTransformer target(load_weights(kModels / kTarget));
  const std::string kind = GetParam();
  const bool eagle = kind.starts_with("eagle");
  std::unique_ptr<CpuHeads> heads;
  std::unique_ptr<CpuEagle> layer;
  if (eagle) {
    layer = std::make_unique<CpuEagle>(load_eagle(folder(), target.weights()));
    target.tap(layer->taps());
  } else {
    heads = std::make_unique<CpuHeads>(kind == "medusa" ? load_medusa(folder(), target.weights())
                                                        : load_hydra(folder(), target.weights()));
  }
  const std::vector<Token> ids = reference_["ids"];
  const std::vector<int> positions = reference_["positions"];
  for (std::size_t p = 0; p < positions.size(); ++p) {
    const SequenceId id{static_cast<int>(p)};
    const std::string where = "position " + std::to_string(positions[p]);
    const std::size_t length = static_cast<std::size_t>(positions[p]) + 1;
    target.open(id);
    const Slice text{.sequence = id, .text = std::span(ids).first(length), .give = Give::features};
    const Forward& features = target.forward({&text, 1});
    const json& expected = reference_[kind][p];
    const std::vector<Token> first =
        eagle || kind == "hydra" ? std::vector<Token>(expected["tokens"]) : std::vector<Token>{};
    if (!eagle) {
      heads->open(id);
      heads->remember(id, features.hidden[static_cast<int>(length) - 1]);
      for (std::size_t head = 0; head < expected["heads"].size(); ++head) {
        const DraftHeads::Question question{
            id, static_cast<int>(head),
            kind == "hydra" ? std::span(first).first(head + 1) : std::span<const Token>()};
        expect_near(heads->forward({&question, 1}).logits[0], expected["heads"][head],
                    where + ", head " + std::to_string(head));
      }
      continue;
    }
    layer->open(id);
    const Rows& rows = layer->taps().empty() ? features.hidden : features.tapped;
    for (int place = 0; place < rows.count; ++place) layer->tell(id, rows[place]);
    std::vector<Token> known(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(length));
    known.push_back(first[0]);
    TokenTree chain(first[0]);
    for (std::size_t step = 0; step < expected["steps"].size(); ++step) {
      const std::vector<int> node{static_cast<int>(step)};
      if (step > 0) chain.add(static_cast<int>(step) - 1, first[step]);
      const Slice slice = step == 0 ? Slice{.sequence = id, .text = known}
                                    : Slice{.sequence = id, .tree = &chain, .nodes = node};
      expect_near(layer->forward({&slice, 1}).logits[0], expected["steps"][step],
                  where + ", step " + std::to_string(step));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, HeadsReferenceTest, testing::Values("medusa", "hydra", "eagle", "eagle3"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace speclab
