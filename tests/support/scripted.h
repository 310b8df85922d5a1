#pragma once

#include <memory>
#include <vector>

#include "core/drafter_decorator.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/argmax.h"
#include "core/random/counter_rng.h"
#include "strategies/rules/host_rule.h"

namespace speclab {

// A greedy request.
inline Sequence request(int id, std::vector<Token> prompt, int tokens, double temperature = 0) {
  const int length = static_cast<int>(prompt.size());
  return {.id = SequenceId(id),
          .text = std::move(prompt),
          .prompt_length = length,
          .max_new_tokens = tokens,
          .end_tokens = {},
          .sampling = {temperature, 0, 1},
          .draft_chance = std::make_shared<CounterRng>(7, static_cast<std::uint64_t>(id), 0),
          .judge_chance = std::make_shared<CounterRng>(7, static_cast<std::uint64_t>(id), 1)};
}

// What a source says is likeliest after a text, without trees or caches.
inline Token likeliest_after(const std::shared_ptr<const TokenSource>& source, std::span<const Token> text) {
  SourceModel model(source);
  model.open(SequenceId(0));
  const SequenceInput slice{.sequence = SequenceId(0), .text = text};
  return argmax(model.forward({&slice, 1}).logits[0].f32());
}

// Decodes plainly, whatever is drafted.
class NeverAccepts : public HostRule {
 public:
  bool lossless(const Sampling& sampling) const override { return sampling.temperature == 0; }

 protected:
  void judge_tree(const Sequence&, const Draft&, const Scores& target, Verdict& verdict) override {
    verdict.next = argmax(target[0]);
  }
};

// Shows each step's drafts and what became of them.
class Shown : public DrafterDecorator {
 public:
  explicit Shown(Drafter& inner) : DrafterDecorator(inner) {}

  void draft(Batch batch, std::span<Draft> drafts) override {
    inner_.draft(batch, drafts);
    drafted.assign(drafts.begin(), drafts.end());
  }
  void observe(const Outcome& outcome) override {
    inner_.observe(outcome);
    judged.assign(outcome.verdicts.begin(), outcome.verdicts.end());
  }

  std::vector<Draft> drafted;
  std::vector<Verdict> judged;
};

inline std::vector<Token> tokens_on(const TokenTree& tree, int node) {
  std::vector<Token> tokens;
  for (const int n : tree.path(node)) tokens.push_back(tree.token(n));
  return tokens;
}

}  // namespace speclab
