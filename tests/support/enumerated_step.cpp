#include "tests/support/enumerated_step.h"

#include <algorithm>
#include <numeric>

#include "core/decoder.h"
#include "core/models/sources/source_model.h"
#include "core/numerics/host_distributions.h"
#include "core/numerics/softmax.h"
#include "core/random/enumeration.h"
#include "strategies/drafters/model.h"

namespace speclab {
namespace {

void add_candidates(Draft& draft, int proposer, const Proposals& from, RandomSource& chance) {
  draft.set_draw(from.draw, proposer);
  draft.set_scores(0, {from.q.data(), static_cast<int>(from.q.size()), Place::host, Scalar::f64}, proposer);
  std::vector<double> left = from.q;
  std::vector<char> drawn(left.size());
  for (int i = 0; i < from.count; ++i) {
    const auto x = from.draw == Draw::fixed
                       ? static_cast<Token>(std::ranges::max_element(left) - left.begin())
                       : static_cast<Token>(chance.categorical(left));
    draft.add(0, x, proposer);
    drawn[x] = 1;
    if (from.draw == Draw::independent || take_out(left, x) > 0) continue;
    for (std::size_t other = 0; other < left.size(); ++other) left[other] = drawn[other] != 0 ? 0 : 1;
  }
}

}  // namespace

EnumeratedNode enumerate_node(AcceptanceRule& rule, const std::vector<float>& target,
                              const std::vector<Proposals>& proposers, const Sampling& sampling) {
  const auto all = std::make_shared<Enumeration>();
  Sequence sequence{.id = SequenceId{0},
                    .text = {0},
                    .prompt_length = 1,
                    .max_new_tokens = 8,
                    .end_tokens = {},
                    .sampling = sampling,
                    .draft_chance = all,
                    .judge_chance = all};
  Sequence* batch[] = {&sequence};
  Draft draft;
  EnumeratedNode node{.accepted = 0, .emitted = std::vector<double>(target.size())};
  do {
    draft.reset(0, static_cast<int>(proposers.size()));
    for (std::size_t i = 0; i < proposers.size(); ++i) {
      add_candidates(draft, static_cast<int>(i), proposers[i], *all);
    }
    std::vector<float> rows;
    for (int i = 0; i < draft.size(); ++i) rows.insert(rows.end(), target.begin(), target.end());
    Forward forward;
    forward.logits = {rows.data(), draft.size(), static_cast<int>(target.size()), Place::host};
    forward.first = {0};
    Verdict verdict;
    rule.judge(batch, {&draft, 1}, forward, {&verdict, 1});
    const bool accepted = !verdict.path.empty();
    node.accepted += accepted ? all->probability() : 0;
    const Token token = accepted ? draft.tree().token(verdict.path[0]) : verdict.next;
    node.emitted[token] += all->probability();
  } while (all->advance());
  return node;
}

EnumeratedStep enumerate_step(AcceptanceRule& rule, Topology& topology, Draw draw,
                              std::shared_ptr<const Markov> target, std::shared_ptr<const Markov> draft,
                              const Sampling& sampling) {
  SourceModel target_model(std::move(target)), draft_model(std::move(draft));
  HostDistributions distributions;
  ModelDrafter drafter(draft_model, topology, distributions, draw);
  Decoder decoder(target_model, drafter, rule);
  const auto all = std::make_shared<Enumeration>();
  EnumeratedStep step;
  do {
    Sequence sequence{.id = SequenceId{0},
                      .text = {0},
                      .prompt_length = 1,
                      .max_new_tokens = 100,  // cuts no draft short
                      .end_tokens = {},
                      .sampling = sampling,
                      .draft_chance = all,
                      .judge_chance = all};
    Sequence* batch[] = {&sequence};
    decoder.admit(sequence);
    const int accepted = decoder.step(batch).front().accepted;
    decoder.retire(sequence);
    step.mean += all->probability() * accepted;
    if (static_cast<int>(step.at_least.size()) <= accepted) {
      step.at_least.resize(static_cast<std::size_t>(accepted) + 1);
    }
    for (int l = 0; l <= accepted; ++l) step.at_least[l] += all->probability();
  } while (all->advance());
  return step;
}

}  // namespace speclab
