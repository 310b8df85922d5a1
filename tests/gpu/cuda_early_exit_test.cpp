#include "kernels/cuda/cuda_early_exit.h"

#include <algorithm>

#include "core/errors.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"

namespace speclab {
namespace {

using Tokens = std::vector<Token>;
using Bits = std::vector<std::vector<float>>;

class CudaEarlyExitOnDevice : public OnDevice {
 protected:
  static std::unique_ptr<CudaTransformer> load(int layers, CudaOptions options = {}) {
    LlamaConfig config = smallest_config("LlamaForCausalLM");
    config.layers = 3;
    std::vector<StoredTensor> tensors = random_tensors(config, Dtype::bf16, 3);
    for (int i = layers; i < config.layers; ++i) {
      std::erase_if(tensors, [&](const StoredTensor& tensor) {
        return tensor.name.find("layers." + std::to_string(i) + ".") != std::string::npos;
      });
    }
    config.layers = layers;
    return loaded(config, tensors, [&](const std::filesystem::path& directory) {
      return load_cuda_model(directory, CudaPrecision::as_stored, options);
    });
  }
  // The rows of the last token of the text and of all nodes.
  static Bits forward(CudaTransformer& model, SequenceId id, std::span<const Token> text,
                      const TokenTree& tree) {
    const std::vector<int> nodes{1, 2, 3};
    const SequenceInput slice{.sequence = id, .text = text, .tree = &tree, .nodes = nodes};
    const Rows logits = model.forward({&slice, 1}).logits;
    Bits rows;
    for (int i = 0; i < logits.count; ++i) {
      auto& row = rows.emplace_back(static_cast<std::size_t>(logits.cols));
      copy_bytes(row.data(), logits[i].data, row.size() * sizeof(float), *model.stream());
    }
    model.stream()->wait();
    return rows;
  }
  static Bits afresh(CudaTransformer& model, std::span<const Token> text, const TokenTree& tree) {
    const SequenceId id{77};
    model.open(id);
    const Bits rows = forward(model, id, text, tree);
    model.close(id);
    return rows;
  }
};

// Steps in which the exit drafts and the whole model judges, while the cache outgrows its memory in the
// exit's pass: both give what models of their own give, to the last bit.
TEST_F(CudaEarlyExitOnDevice, is_a_model_of_the_first_layers) {
  const auto whole = load(3, {.cache_positions = 64}), alone = load(3), first = load(2);
  CudaEarlyExit exit(*whole, 2);
  EXPECT_EQ(exit.config().layers, 2);
  Tokens text = some_text(58, whole->vocab());
  const SequenceId id{1};
  whole->open(id);
  const SequenceInput prompt{.sequence = id, .text = std::span(text).first(57), .give = PassOutput::nothing};
  whole->forward({&prompt, 1});
  exit.open(id);
  for (int step = 0; step < 4; ++step) {
    TokenTree tree(text.back());
    for (const Token token : {5, 7, 11}) tree.add(tree.size() == 3 ? 1 : 0, token + step);
    ASSERT_EQ(exit.length(id), static_cast<int>(text.size()) - 1);
    const auto last = std::span<const Token>(text).last(1);
    EXPECT_EQ(forward(exit, id, last, tree), afresh(*first, text, tree)) << "step " << step;
    EXPECT_EQ(forward(*whole, id, last, tree), afresh(*alone, text, tree)) << "step " << step;
    const std::vector<int> path{1};
    const Commit kept{id, path};
    whole->commit({&kept, 1});
    EXPECT_EQ(exit.commit({&kept, 1}).new_tokens, 0);
    text.insert(text.end(), {tree.token(1), static_cast<Token>(step)});
  }
  EXPECT_GT(whole->graphs(), 0u);
  const Truncation rewound{id, 20};
  whole->truncate({&rewound, 1});
  exit.truncate({&rewound, 1});
  EXPECT_EQ(exit.length(id), 20);
  exit.close(id);
  whole->close(id);
}

TEST_F(CudaEarlyExitOnDevice, leaves_at_min_a_layer) {
  const auto whole = load(3);
  for (const int layers : {0, 3}) EXPECT_THROW(CudaEarlyExit(*whole, layers), ConfigError);
}

}  // namespace
}  // namespace speclab
