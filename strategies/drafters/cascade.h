#pragma once

#include <map>
#include <memory>
#include <vector>

#include "core/decoder.h"
#include "core/distributions.h"

namespace speclab {

// A small model drafts for the target, and is itself helped by a drafter: speculative decoding within
// speculative decoding (cascade speculative drafting, Chen et al. 2024, arXiv 2312.11462; TriForce, Sun et
// al. 2024, 2404.11912). The inner decoder writes a few tokens ahead of the text; they are the guesses, as if
// the small model had drawn them alone.
class CascadeDrafter : public Drafter {
 public:
  // Drafts `length` tokens, a number fixed beforehand: how many there are tells nothing about them. The inner
  // rule's text must be distributed as the model's own for the guesses to count as drawn from it; where it is
  // not, they are fixed.
  CascadeDrafter(LanguageModel& model, std::unique_ptr<Drafter> inner, std::unique_ptr<AcceptanceRule> rule,
                 Distributions& distributions, int length);

  DraftTraits traits() const override;
  void open(const Sequence& sequence, const Forward& prompt) override;
  void close(const Sequence& sequence) override;
  void truncate(const Sequence& text, int common) override;
  void draft(Batch batch, std::span<Draft> drafts) override;

 private:
  // What the inner decoder makes of a text, with the small model's distribution of each token it wrote.
  struct Shadow {
    Sequence sequence;
    std::vector<Row> scores;  // new token -> row
  };
  // Watches the inner decoder's outcomes.
  class Tap : public Drafter {
   public:
    Tap(CascadeDrafter& cascade, std::unique_ptr<Drafter> drafter)
        : cascade_(cascade), drafter_(std::move(drafter)) {}
    DraftTraits traits() const override { return drafter_->traits(); }
    bool reads_features() const override { return drafter_->reads_features(); }
    void open(const Sequence& s, const Forward& prompt) override { drafter_->open(s, prompt); }
    void close(const Sequence& s) override { drafter_->close(s); }
    void truncate(const Sequence& text, int common) override { drafter_->truncate(text, common); }
    void draft(Batch batch, std::span<Draft> drafts) override { drafter_->draft(batch, drafts); }
    void observe(const Outcome& outcome) override {
      cascade_.take_scores(outcome);
      drafter_->observe(outcome);
    }

   private:
    CascadeDrafter& cascade_;
    std::unique_ptr<Drafter> drafter_;
  };

  void take_scores(const Outcome& outcome);
  // Makes the shadow's text the sequence's own, and what the model knows a part of it.
  void follow(const Sequence& sequence, Shadow& shadow);
  bool drawn(const Sampling& sampling) const { return sampling.temperature > 0 && rule_->lossless(sampling); }

  LanguageModel& model_;
  Distributions& distributions_;
  Tap tap_;
  std::unique_ptr<AcceptanceRule> rule_;
  Decoder decoder_;
  int length_;
  std::map<SequenceId, Shadow> shadows_;
  std::vector<Sequence*> running_;
  std::vector<Distributions::Softmax> questions_;
};

}  // namespace speclab
