#pragma once

#include <memory>
#include <vector>

#include "core/drafter.h"

namespace speclab {

// Several drafters guess, each for itself, and their trees are merged into one: the collective boost of
// SpecInfer (Miao et al. 2024, section 3.2), with any drafters, not models alone. A node says who proposed
// it; where two propose the same token after the same text, what follows stands below the first of them.
class MergedDrafter : public Drafter {
 public:
  // Their guesses are judged in this order.
  explicit MergedDrafter(std::vector<std::unique_ptr<Drafter>> drafters);

  DraftTraits traits() const override;
  bool reads_features() const override;
  void open(const Sequence& sequence, const Forward& prompt) override;
  void close(const Sequence& sequence) override;
  void truncate(const Sequence& text, int common) override;
  void draft(Batch batch, std::span<Draft> drafts) override;
  void observe(const Outcome& outcome) override;

 private:
  struct Part {
    std::unique_ptr<Drafter> drafter;
    int first_proposer = 0;  // of its own among all
    std::vector<Draft> drafts;
    std::vector<std::vector<int>> merged;  // draft -> its node -> the node of the merged tree
    std::vector<std::vector<int>> judged;  // draft -> its node -> the target's number
    std::vector<Verdict> verdicts;
    std::vector<int> made;  // draft -> its size before `translate`
  };
  static void add(Part& part, std::size_t index, Draft& merged);
  // What became of a part's own draft, to which the accepted nodes that others proposed are added.
  static void translate(Part& part, std::size_t index, const Draft& merged, const Verdict& verdict);

  std::vector<Part> parts_;
  int proposers_ = 0;
};

}  // namespace speclab
