#include "tests/support/pytorchs_heads.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/project_files.h"

namespace speclab {
namespace {

using nlohmann::json;

const std::filesystem::path kSource = project_files();

// `said` is a list of {token, logit}, likeliest first.
void expect_near(Row row, const json& said, double tolerance) {
  const double largest = std::abs(said[0]["logit"].get<double>());
  for (const json& one : said) {
    const auto token = one["token"].get<std::size_t>();
    EXPECT_NEAR(row.f32()[token], one["logit"].get<double>(), tolerance * largest) << "token " << token;
  }
}

// A beginning of the text, and what was said after it.
struct Beginning {
  SequenceId id;
  std::vector<Token> text;
  const Forward& features;  // of the target, over the text
  const json& said;
};

void at_places(const std::string& kind, LanguageModel& target, int places,
               const std::function<void(const Beginning&)>& check) {
  std::ifstream stream(kSource / "tests/data/heads_reference.json");
  const json reference = json::parse(stream);
  const std::vector<Token> ids = reference["ids"];
  const std::vector<int> positions = reference["positions"];
  ASSERT_GE(static_cast<int>(positions.size()), places);
  for (int place = 0; place < places; ++place) {
    const int position = positions[place];
    SCOPED_TRACE("position " + std::to_string(position));
    const SequenceId id{place};
    const std::vector<Token> text(ids.begin(), ids.begin() + position + 1);
    target.open(id);
    const SequenceInput slice{.sequence = id, .text = text, .give = PassOutput::features};
    check({id, text, target.forward({&slice, 1}), reference[kind][place]});
    target.close(id);
  }
}

}  // namespace

std::filesystem::path shipped_target() { return kSource / "configs/models/speclab-target-11m"; }
std::filesystem::path shipped_heads(const std::string& kind) {
  return shipped_target().string() + "-" + kind;
}

void expect_pytorchs_heads(const std::string& kind, LanguageModel& target, DraftHeads& heads,
                           double tolerance, int places) {
  at_places(kind, target, places, [&](const Beginning& place) {
    const std::vector<Token> read =
        kind == "hydra" ? std::vector<Token>(place.said["tokens"]) : std::vector<Token>{};
    heads.open(place.id);
    heads.set_hidden(place.id, place.features.hidden[static_cast<int>(place.text.size()) - 1]);
    const json& said = place.said["heads"];
    for (std::size_t head = 0; head < said.size(); ++head) {
      SCOPED_TRACE("head " + std::to_string(head));
      const DraftHeads::Question question{
          place.id, static_cast<int>(head),
          read.empty() ? std::span<const Token>() : std::span(read).first(head + 1)};
      expect_near(heads.forward({&question, 1}).logits[0], said[head], tolerance);
    }
    heads.close(place.id);
  });
}

void expect_pytorchs_layer(const std::string& kind, LanguageModel& target, FeatureModel& layer,
                           double tolerance, int places) {
  at_places(kind, target, places, [&](const Beginning& place) {
    const std::vector<Token> guessed = place.said["tokens"];
    layer.open(place.id);
    const Rows& rows = layer.taps().empty() ? place.features.hidden : place.features.tapped;
    for (int i = 0; i < rows.count; ++i) layer.set_features(place.id, rows[i]);
    std::vector<Token> known = place.text;
    known.push_back(guessed[0]);
    TokenTree chain(guessed[0]);
    const json& said = place.said["steps"];
    for (std::size_t step = 0; step < said.size(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      const std::vector<int> node{static_cast<int>(step)};
      if (step > 0) chain.add(static_cast<int>(step) - 1, guessed[step]);
      const SequenceInput slice = step == 0
                                      ? SequenceInput{.sequence = place.id, .text = known}
                                      : SequenceInput{.sequence = place.id, .tree = &chain, .nodes = node};
      expect_near(layer.forward({&slice, 1}).logits[0], said[step], tolerance);
    }
    layer.close(place.id);
  });
}

}  // namespace speclab
