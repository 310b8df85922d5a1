#pragma once

#include <vector>

#include "tests/support/reference_transformer.h"

namespace speclab {

// Heads written out plainly, in double, from the tensors of a head and, where it borrows, of its target.
class ReferenceHeads : public ReferenceTransformer {
 public:
  using ReferenceTransformer::ReferenceTransformer;
  using Vector = std::vector<double>;

  // Head i's logits. The head's own tensors are named as the reference implementations name them.
  Vector medusa(int head, int layers, const Vector& hidden) const;
  Vector hydra(int head, int layers, const Vector& hidden, const std::vector<Token>& after) const;

  // The row after the last of the tokens, from the features of places 0, 1, ... (token i + 1 stands beside
  // feature i): where features end, it goes on from its own. `third`: EAGLE-3, whose logits are the draft
  // vocabulary's.
  Vector eagle(const std::vector<Token>& tokens, const std::vector<Vector>& features, bool third) const;

 private:
  Vector block(const std::string& name, const Vector& x, const Vector& residual) const;
};

}  // namespace speclab
