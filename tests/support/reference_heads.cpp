#include "tests/support/reference_heads.h"

#include <cmath>
#include <string>

namespace speclab {
namespace {

using Vector = ReferenceHeads::Vector;

Vector joined(Vector a, const Vector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

Vector ReferenceHeads::block(const std::string& name, const Vector& x, const Vector& residual) const {
  Vector y = product(name, x);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = residual[i] + y[i] / (1 + std::exp(-y[i]));
  return y;
}

Vector ReferenceHeads::medusa(int head, int layers, const Vector& hidden) const {
  Vector x = hidden;
  const std::string prefix = std::to_string(head) + ".";
  for (int j = 0; j < layers; ++j) x = block(prefix + std::to_string(j) + ".linear", x, x);
  return product(prefix + std::to_string(layers), x);
}

Vector ReferenceHeads::hydra(int head, int layers, const Vector& hidden,
                             const std::vector<Token>& after) const {
  Vector x = hidden;
  for (const Token token : after) x = joined(x, embedded(token));
  const std::string prefix = "hydra_mlp." + std::to_string(head) + ".";
  x = block(prefix + "0.linear", x, product(prefix + "0.res_connection", x));
  for (int j = 1; j < layers; ++j) x = block(prefix + std::to_string(j) + ".linear", x, x);
  return product("lm_head", x);
}

Vector ReferenceHeads::eagle(const std::vector<Token>& tokens, const std::vector<Vector>& features,
                             bool third) const {
  // One place more at a time: where features end, a place's input is the output of the place before.
  std::vector<Vector> starts;  // of each place: the row from which the layer starts
  std::vector<Vector> ins;     // and what queries, keys and values read
  Vector last;
  for (std::size_t place = 0; place + 1 < tokens.size(); ++place) {
    const bool told = place < features.size();
    const Vector token = embedded(tokens[place + 1]);
    if (third) {
      starts.push_back(told ? product("fc", features[place]) : last);
      ins.push_back(
          joined(norm(token, "midlayer.input_layernorm"), norm(starts.back(), "midlayer.hidden_norm")));
    } else {
      starts.push_back(product("fc", joined(token, told ? features[place] : last)));
      ins.push_back(starts.back());
    }
    if (place + 2 < tokens.size() && place + 1 < features.size()) continue;
    std::vector<Vector> x = starts;
    decode(x, ins, third ? "midlayer." : "layers.0.", config_.sliding_window);
    last = x.back();
  }
  return third ? product("lm_head", norm(last, "norm")) : product("lm_head", last);
}

}  // namespace speclab
