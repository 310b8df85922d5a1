#pragma once

#include <string>
#include <vector>

namespace speclab {

enum class ProductFormat { fp16, fp8, int8 };  // what a matrix product is computed in

// How many bits a stored weight takes in memory, scales and zero points included.
struct WeightFormat {
  std::string name = "bf16";
  double attention_bits = 16;
  double feed_forward_bits = 16;
  double head_bits = 16;
  ProductFormat arithmetic = ProductFormat::fp16;
};

// A mixture of experts in place of the feed-forward block.
struct Experts {
  int count = 1;         // routed
  int per_token = 1;     // K, routed
  int shared_width = 0;  // inner width of what every token passes besides
  int dense_layers = 0;  // layers that have the plain block, of ModelShape::feed_forward
  int width = 0;         // inner width of one routed expert
  double spread = 0.7;   // kappa of distinct_experts; 1: tokens choose independently (upper bound)
};

// A decoder-only transformer as far as its cost goes. Biases and norms are left out (together under
// 0.5 % of any catalogued model).
struct ModelShape {
  std::string name;
  std::vector<std::string> aliases;
  int layers = 0;
  int hidden = 0;
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;
  int feed_forward = 0;           // inner width of the plain block
  int feed_forward_matrices = 3;  // 3 with a gate, else 2
  int vocab = 0;
  int learned_positions = 0;         // looked up, like the embeddings
  bool tied_embeddings = false;      // the head is the embedding table; it is streamed all the same
  bool borrowed_embeddings = false;  // both belong to another model: not counted, the head still streamed
  double attention_weights = 0;      // in one layer; 0: from heads, kv_heads and head_dim
  double cache_width = 0;            // numbers cached per position and layer; 0: 2 kv_heads head_dim
  double extra_weights = 0;          // multiplied once per pass, besides the layers and the head
  int window = 0;                    // positions that a windowed layer looks back
  int windowed_layers = 0;
  double cache_bits = 16;
  Experts experts;
  WeightFormat weights;
  double parameters = 0;               // as published; 0: not
  double parameters_tolerance = 0.01;  // relative; more where the publication rounds
  std::string digest;                  // of all numbers of its file

  bool mixture() const { return experts.count > 1; }
};

}  // namespace speclab
