#include "experiments/certify/greedy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "core/check.h"
#include "core/numerics/argmax.h"
#include "core/rule_decorator.h"

namespace speclab {
namespace {

struct TwoLikeliest {
  Token first = 0, second = 0;
  float first_logit = 0, second_logit = 0;
};

TwoLikeliest two_likeliest(std::span<const float> logits) {
  TwoLikeliest two;
  two.first = argmax(logits);
  two.first_logit = logits[two.first];
  two.second = two.first == 0 ? 1 : 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto token = static_cast<Token>(i);
    if (token != two.first && logits[i] > logits[two.second]) two.second = token;
  }
  two.second_logit = logits[two.second];
  return two;
}

// Notes what each verdict's rows held.
class Noting : public RuleDecorator {
 public:
  Noting(AcceptanceRule& inner, RowReader& reader) : RuleDecorator(inner), reader_(reader) {}

  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override {
    inner_.judge(batch, drafts, target, verdicts);
    const Rows logits = reader_.read(target.logits);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::vector<TwoLikeliest>& notes = notes_[batch[i]->id];
      notes.push_back(two_likeliest(logits[target.first[i]].f32()));
      for (const int node : verdicts[i].path) {
        notes.push_back(two_likeliest(logits[target.first[i] + node].f32()));
      }
    }
  }
  const TwoLikeliest& at(SequenceId sequence, int position) const { return notes_.at(sequence)[position]; }

 private:
  RowReader& reader_;
  std::unordered_map<SequenceId, std::vector<TwoLikeliest>> notes_;  // by emitted token
};

std::span<const float> row_after(const Subject& subject, SequenceId id, std::span<const Token> text) {
  LanguageModel& target = subject.target;
  target.open(id);
  const SequenceInput slice{.sequence = id, .text = text};
  const std::span<const float> row = subject.reader.read(target.forward({&slice, 1}).logits)[0].f32();
  target.close(id);  // the row lives until the next pass
  return row;
}

}  // namespace

GreedyResult certify_greedy(const Subject& subject, const std::vector<Sequence>& sequences) {
  std::vector<Sequence> plain = sequences, method = sequences;
  for (const Sequence& s : sequences) {
    SPECLAB_CHECK(s.sampling.temperature == 0, "greedy equality at temperature {}", s.sampling.temperature);
  }
  subject.plainly(plain);
  Noting noting(subject.rule, subject.reader);
  subject.by_method(method, noting);
  GreedyResult result{.prompts = static_cast<std::int64_t>(plain.size()), .mismatches = {}};
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const std::vector<Token>&a = plain[i].text, &b = method[i].text;
    result.tokens += plain[i].new_tokens();
    const auto [in_a, in_b] = std::ranges::mismatch(a, b);
    if (in_a == a.end() && in_b == b.end()) continue;
    const auto length = static_cast<std::size_t>(in_a - a.begin());
    Mismatch mismatch{.prompt = static_cast<int>(i),
                      .position = static_cast<int>(length) - plain[i].prompt_length};
    if (in_a == a.end() || in_b == b.end()) {  // one text goes on where the other ends: never a tie
      mismatch.plain = in_a == a.end() ? -1 : *in_a;
      mismatch.method = in_b == b.end() ? -1 : *in_b;
      mismatch.margin = std::numeric_limits<double>::infinity();
    } else {
      const std::span<const float> row = row_after(subject, plain[i].id, std::span(a).first(length));
      const TwoLikeliest& seen = noting.at(method[i].id, mismatch.position);
      const auto logit = [&](Token t) { return static_cast<double>(row[t]); };
      mismatch.plain = *in_a;
      mismatch.method = *in_b;
      mismatch.margin = logit(*in_a) - logit(*in_b);
      mismatch.noise = std::max(std::abs(logit(seen.first) - static_cast<double>(seen.first_logit)),
                                std::abs(logit(seen.second) - static_cast<double>(seen.second_logit)));
    }
    if (!mismatch.tie()) result.decision = Decision::lossy;
    result.mismatches.push_back(mismatch);
  }
  return result;
}

}  // namespace speclab
