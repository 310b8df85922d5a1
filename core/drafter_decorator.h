#pragma once

#include "core/drafter.h"

namespace speclab {

// Passes every call on to another drafter; a decorator overrides what it changes. The one place, beside
// MergedDrafter, that a new hook of Drafter needs.
class DrafterDecorator : public Drafter {
 public:
  explicit DrafterDecorator(Drafter& inner) : inner_(inner) {}

  DraftTraits traits() const override { return inner_.traits(); }
  bool reads_features() const override { return inner_.reads_features(); }
  void open(const Sequence& sequence, const Forward& prompt) override { inner_.open(sequence, prompt); }
  void close(const Sequence& sequence) override { inner_.close(sequence); }
  void draft(Batch batch, std::span<Draft> drafts) override { inner_.draft(batch, drafts); }
  void observe(const Outcome& outcome) override { inner_.observe(outcome); }
  void truncate(const Sequence& text, int common) override { inner_.truncate(text, common); }

 protected:
  Drafter& inner_;
};

}  // namespace speclab
