// Guesses are drawn from the draft's scores after top-k and top-p, but the q that they are judged with was
// taken before. It shipped in transformers' DFlash and MTP candidate generators (issue #47932).
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "core/distributions.h"

namespace speclab::bugs {

class QBeforeTopK : public Distributions {
 public:
  explicit QBeforeTopK(Distributions& inner) : inner_(inner) {}

  Place place() const override { return inner_.place(); }
  void forget() override {
    inner_.forget();
    cut_.clear();
  }
  void probabilities(std::span<const Softmax> questions, std::vector<Row>& answers) override {
    uncut_.assign(questions.begin(), questions.end());
    for (Softmax& question : uncut_) question.sampling = {.temperature = question.sampling.temperature};
    const std::size_t before = answers.size();
    inner_.probabilities(uncut_, answers);
    rows_.clear();
    inner_.probabilities(questions, rows_);
    for (std::size_t i = 0; i < rows_.size(); ++i) cut_.emplace_back(answers[before + i].data, rows_[i]);
  }
  void likeliest(std::span<const Pick> questions, std::vector<Token>& answers) override {
    inner_.likeliest(questions, answers);
  }
  void gather(std::span<const Entry> questions, std::vector<double>& answers) override {
    inner_.gather(questions, answers);
  }
  void draw(std::span<const Draws> questions, std::vector<Token>& answers, std::vector<int>& drawn) override {
    asked_.assign(questions.begin(), questions.end());
    for (Draws& question : asked_) {
      question.probabilities =
          std::ranges::find(cut_, question.probabilities.data, &std::pair<const void*, Row>::first)->second;
    }
    inner_.draw(asked_, answers, drawn);
  }

 private:
  Distributions& inner_;
  std::vector<std::pair<const void*, Row>> cut_;  // what was declared -> what is drawn from
  std::vector<Softmax> uncut_;
  std::vector<Draws> asked_;
  std::vector<Row> rows_;
};

}  // namespace speclab::bugs
