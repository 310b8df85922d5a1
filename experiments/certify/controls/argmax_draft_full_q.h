// The draft guesses its likeliest tokens, but they are judged as if they had been drawn from its whole q. It
// shipped in llama.cpp's examples/speculative/speculative.cpp and in transformers (issues #32867, #47932).
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/distributions.h"

namespace speclab::bugs {

class ArgmaxDraftFullQ : public Distributions {
 public:
  explicit ArgmaxDraftFullQ(Distributions& inner) : inner_(inner) {}

  Place place() const override { return inner_.place(); }
  void forget() override { inner_.forget(); }
  void probabilities(std::span<const Softmax> questions, std::vector<Row>& answers) override {
    inner_.probabilities(questions, answers);
  }
  void likeliest(std::span<const Pick> questions, std::vector<Token>& answers) override {
    inner_.likeliest(questions, answers);
  }
  void gather(std::span<const Entry> questions, std::vector<double>& answers) override {
    inner_.gather(questions, answers);
  }
  void draw(std::span<const Draws> questions, std::vector<Token>& answers, std::vector<int>& drawn) override {
    for (const Draws& question : questions) {
      const std::span<const double> q = question.probabilities.f64();
      order_.resize(q.size());
      std::iota(order_.begin(), order_.end(), 0);
      std::ranges::stable_sort(order_, [&](Token a, Token b) { return q[a] > q[b]; });
      const auto possible = std::ranges::count_if(q, [](double probability) { return probability > 0; });
      drawn.push_back(std::min(question.count, static_cast<int>(possible)));
      answers.insert(answers.end(), order_.begin(), order_.begin() + drawn.back());
    }
  }

 private:
  Distributions& inner_;
  std::vector<Token> order_;
};

}  // namespace speclab::bugs
