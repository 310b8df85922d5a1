#pragma once

#include <memory>

#include "core/drafter.h"
#include "core/topology.h"

namespace speclab {

// A drafter within another one, and the topology that it asks, which is nobody else's.
class WithTopology : public Drafter {
 public:
  WithTopology(std::unique_ptr<Topology> topology, std::unique_ptr<Drafter> drafter)
      : topology_(std::move(topology)), drafter_(std::move(drafter)) {}

  DraftTraits traits() const override { return drafter_->traits(); }
  bool reads_features() const override { return drafter_->reads_features(); }
  void open(const Sequence& sequence, const Forward& prompt) override { drafter_->open(sequence, prompt); }
  void close(const Sequence& sequence) override { drafter_->close(sequence); }
  void rewind(const Sequence& text, int common) override { drafter_->rewind(text, common); }
  void draft(Batch batch, std::span<Draft> drafts) override { drafter_->draft(batch, drafts); }
  void observe(const Outcome& outcome) override { drafter_->observe(outcome); }

 private:
  std::unique_ptr<Topology> topology_;
  std::unique_ptr<Drafter> drafter_;
};

}  // namespace speclab
