#pragma once

#include <string>
#include <vector>

#include "core/models/checkpoint/tensor_files.h"
#include "core/token_tree.h"

namespace speclab {

// The target's number of each token of a draft's reduced vocabulary, from `d2t`, which holds by how much that
// is larger than the draft's own, and `t2d`, where there is one, which says of each token of the target
// whether the draft knows it. ConfigError, which begins with `place`, where a number is none of the target's,
// where two tokens of the draft are one of the target's, or where the two tensors contradict each other.
std::vector<Token> read_target_tokens(const TensorFiles& files, int draft_vocab, int target_vocab,
                                      const std::string& place, const std::string& reader);

}  // namespace speclab
