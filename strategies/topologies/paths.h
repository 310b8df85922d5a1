#pragma once

#include <vector>

#include "core/topology.h"

namespace speclab {

// Any static tree, as the list of its nodes' rank paths: [0, 1] is the second child of the root's first
// child (the format of `medusa_choices`; Cai et al. 2024, section 2.3.3).
class Paths : public Topology {
 public:
  // Throws ConfigError where a path lacks its parent or its elder sibling, or stands twice.
  explicit Paths(const std::vector<std::vector<int>>& paths);

  void grow(Batch batch, std::span<const Draft> drafts, int round, std::vector<Growth>& growth) override;
  int width() const override;

 private:
  struct Wanted {
    std::vector<int> children;  // by rank, indices into wanted_
  };
  std::vector<Wanted> wanted_;            // 0 is the root
  std::vector<std::vector<int>> placed_;  // draft -> node -> index into wanted_
};

}  // namespace speclab
