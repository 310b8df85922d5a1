#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/models/checkpoint/llama_config.h"
#include "tests/support/tiny_checkpoint.h"

namespace speclab {

// The same family of models written out plainly, in double, with no cache: what the fast one is compared
// with.
class ReferenceTransformer {
 public:
  enum class Activations { exact, rounded_to_bf16 };  // as they enter a product with a matrix

  ReferenceTransformer(const LlamaConfig& config, const std::vector<StoredTensor>& tensors,
                       Activations activations = Activations::exact);

  // The logits that follow the last of the tokens: (vocab).
  std::vector<double> logits(const std::vector<Token>& tokens) const;
  // By token: the residual stream after so many of the layers, one after another.
  std::vector<std::vector<double>> residuals(const std::vector<Token>& tokens,
                                             const std::vector<int>& after) const;

 protected:
  using Vector = std::vector<double>;
  const Vector& tensor(const std::string& name) const { return tensors_.at(name); }
  Vector product(const std::string& name, Vector x) const;
  Vector norm(const Vector& x, const std::string& name) const;
  void rotate(double* head, int position) const;
  Vector embedded(Token token, const std::string& table = "model.embed_tokens") const;
  void run_layer(std::vector<Vector>& x, int layer) const;
  // Adds a layer's attention, of what is made from rows `in` at places 0, 1, ..., and its feed-forward part
  // to x. `window`: of the layer; 0: none.
  void decode(std::vector<Vector>& x, const std::vector<Vector>& in, const std::string& prefix,
              int window) const;

  LlamaConfig config_;
  std::map<std::string, Vector> tensors_;
  Activations activations_;
};

}  // namespace speclab
