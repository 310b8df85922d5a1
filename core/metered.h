#pragma once

#include <span>

#include "core/clock.h"
#include "core/draft_heads.h"
#include "core/drafter_decorator.h"
#include "core/language_model.h"
#include "core/rule_decorator.h"

namespace speclab {

// draft_actor(i) is the i-th draft model.
constexpr Actor draft_actor(int index) { return static_cast<Actor>(static_cast<int>(Actor::draft) + index); }

// A model whose passes are charged to a clock, in the name of an actor. Results pass through.
class Metered : public LanguageModel {
 public:
  Metered(LanguageModel& inner, Actor actor, Clock& clock) : inner_(inner), actor_(actor), clock_(clock) {}

  int vocab() const override { return inner_.vocab(); }
  int hidden() const override { return inner_.hidden(); }
  void tap(std::span<const int> layers) override { inner_.tap(layers); }
  void open(SequenceId sequence) override { inner_.open(sequence); }
  void close(SequenceId sequence) override { inner_.close(sequence); }
  int length(SequenceId sequence) const override { return inner_.length(sequence); }

  const Forward& forward(std::span<const SequenceInput> batch) override {
    const int interval = clock_.start();
    const Forward& result = inner_.forward(batch);
    charge(interval, Op::forward, result.work);
    return result;
  }
  Work commit(std::span<const Commit> batch) override {
    const int interval = clock_.start();
    return charge(interval, Op::commit, inner_.commit(batch));
  }
  Work truncate(std::span<const Truncation> batch) override {
    const int interval = clock_.start();
    return charge(interval, Op::truncate, inner_.truncate(batch));
  }

 private:
  Work charge(int interval, Op op, Work work) {
    work.actor = actor_;
    work.op = op;
    clock_.stop(interval, work);
    return work;
  }

  LanguageModel& inner_;
  Actor actor_;
  Clock& clock_;
};

// Heads whose passes are charged to a clock, in the name of an actor. Results pass through.
class MeteredHeads : public DraftHeads {
 public:
  MeteredHeads(DraftHeads& inner, Actor actor, Clock& clock) : inner_(inner), actor_(actor), clock_(clock) {}

  int count() const override { return inner_.count(); }
  int usual() const override { return inner_.usual(); }
  int vocab() const override { return inner_.vocab(); }
  void open(SequenceId sequence) override { inner_.open(sequence); }
  void close(SequenceId sequence) override { inner_.close(sequence); }
  void set_hidden(SequenceId sequence, Row hidden) override { inner_.set_hidden(sequence, hidden); }
  bool has_hidden(SequenceId sequence) const override { return inner_.has_hidden(sequence); }

  const Forward& forward(std::span<const Question> questions) override {
    const int interval = clock_.start();
    const Forward& result = inner_.forward(questions);
    Work work = result.work;
    work.actor = actor_;
    clock_.stop(interval, work);
    return result;
  }

 private:
  DraftHeads& inner_;
  Actor actor_;
  Clock& clock_;
};

// A drafter whose own time is charged: the passes of its models are intervals within it. Work::new_tokens
// is the number of nodes drafted; what it learns in `observe` is charged with none.
class MeteredDrafter : public DrafterDecorator {
 public:
  MeteredDrafter(Drafter& inner, Clock& clock) : DrafterDecorator(inner), clock_(clock) {}

  void draft(Batch batch, std::span<Draft> drafts) override {
    const int interval = clock_.start();
    inner_.draft(batch, drafts);
    Work work{.op = Op::draft, .sequences = static_cast<int>(batch.size())};
    for (const Draft& draft : drafts) work.new_tokens += draft.size() - 1;
    clock_.stop(interval, work);
  }
  void observe(const Outcome& outcome) override {
    const int interval = clock_.start();
    inner_.observe(outcome);
    clock_.stop(interval, {.op = Op::draft, .sequences = static_cast<int>(outcome.batch.size())});
  }

 private:
  Clock& clock_;
};

// A rule whose time is charged. Work::rows is the number of the target's rows that it had.
class MeteredRule : public RuleDecorator {
 public:
  MeteredRule(AcceptanceRule& inner, Clock& clock) : RuleDecorator(inner), clock_(clock) {}

  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override {
    const int interval = clock_.start();
    inner_.judge(batch, drafts, target, verdicts);
    clock_.stop(interval,
                {.op = Op::judge, .sequences = static_cast<int>(batch.size()), .rows = target.logits.count});
  }

 private:
  Clock& clock_;
};

}  // namespace speclab
