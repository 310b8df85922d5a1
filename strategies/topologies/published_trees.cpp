#include "strategies/topologies/published_trees.h"

namespace speclab {

const std::map<std::string, std::vector<std::vector<int>>>& published_trees() {
  static const std::map<std::string, std::vector<std::vector<int>>> trees = {
      // FasterDecoding/Medusa, medusa/model/medusa_choices.py (commit 11af0aa): 63 nodes in the order in
      // which a
      // greedy search over measured accuracies added them.
      {"mc_sim_7b_63",
       {{0},       {0, 0},    {1},       {0, 1},    {2},          {0, 0, 0}, {1, 0},    {0, 2},
        {3},       {0, 3},    {4},       {0, 4},    {2, 0},       {0, 5},    {0, 0, 1}, {5},
        {0, 6},    {6},       {0, 7},    {0, 1, 0}, {1, 1},       {7},       {0, 8},    {0, 0, 2},
        {3, 0},    {0, 9},    {8},       {9},       {1, 0, 0},    {0, 2, 0}, {1, 2},    {0, 0, 3},
        {4, 0},    {2, 1},    {0, 0, 4}, {0, 0, 5}, {0, 0, 0, 0}, {0, 1, 1}, {0, 0, 6}, {0, 3, 0},
        {5, 0},    {1, 3},    {0, 0, 7}, {0, 0, 8}, {0, 0, 9},    {6, 0},    {0, 4, 0}, {1, 4},
        {7, 0},    {0, 1, 2}, {2, 0, 0}, {3, 1},    {2, 2},       {8, 0},    {0, 5, 0}, {1, 5},
        {1, 0, 1}, {0, 2, 1}, {9, 0},    {0, 6, 0}, {0, 0, 0, 1}, {1, 6},    {0, 7, 0}}},
      // SafeAILab/EAGLE, eagle/model/choices.py (commit 08dc06c), there under the name of Medusa's: EAGLE-1's
      // tree.
      {"eagle_25",
       {{0},
        {1},
        {2},
        {3},
        {0, 0},
        {0, 1},
        {0, 2},
        {1, 0},
        {1, 1},
        {2, 0},
        {2, 1},
        {3, 0},
        {0, 0, 0},
        {0, 0, 1},
        {0, 0, 2},
        {0, 1, 0},
        {0, 1, 1},
        {0, 2, 0},
        {0, 2, 1},
        {1, 0, 0},
        {0, 0, 0, 0},
        {0, 0, 0, 1},
        {0, 0, 0, 2},
        {0, 0, 0, 0, 0},
        {0, 0, 0, 0, 1}}},
  };
  return trees;
}

}  // namespace speclab
