// What was captured is never replayed with memory that has gone elsewhere.
#include <numeric>

#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"

namespace speclab {
namespace {

using Bits = std::vector<float>;

// Two models of the same weights, one of which captures.
class CudaGraphsOnDevice : public OnDevice {
 protected:
  static constexpr SequenceId kProbed{1}, kOther{2};

  CudaGraphsOnDevice() {
    config_.max_positions = 5000;
    config_.sliding_window = 16;
    text_ = some_text(config_.max_positions, config_.vocab);
  }
  void make(int cache_positions) {
    for (const bool graphs : {false, true}) {
      models_.push_back(cuda_model(config_, random_tensors(config_, Dtype::bf16, 5),
                                   {.graphs = graphs, .cache_positions = cache_positions}));
      for (const SequenceId id : {kProbed, kOther}) models_.back()->open(id);
    }
    for (int pass = 0; pass < 3; ++pass) probe("at first");
    EXPECT_EQ(graphs(), 1u);
  }
  std::size_t graphs() const { return models_.back()->inner().graphs(); }

  SequenceInput next(SequenceId id, int count, PassOutput give = PassOutput::scores) const {
    const auto known = static_cast<std::size_t>(models_.back()->length(id));
    return {.sequence = id,
            .text = std::span(text_).subspan(known, static_cast<std::size_t>(count)),
            .give = give};
  }
  // Nodes below the other sequence's root.
  SequenceInput siblings(int count) {
    tree_.reset(0);
    nodes_.resize(static_cast<std::size_t>(count));
    std::iota(nodes_.begin(), nodes_.end(), 1);
    for (const int node : nodes_) tree_.add(0, node % config_.vocab);
    SequenceInput slice = next(kOther, 0);
    slice.tree = &tree_;
    slice.nodes = nodes_;
    return slice;
  }
  // A token more of one sequence, which is a pass of the size that was captured first.
  void probe(const std::string& when) { compare({next(kProbed, 1)}, when); }
  void compare(const std::vector<SequenceInput>& batch, const std::string& when) {
    std::vector<Bits> all;
    for (const auto& model : models_) {
      Bits& bits = all.emplace_back();
      const Forward& forward = model->forward(batch);
      for (const Rows& rows : {forward.logits, forward.hidden, forward.tapped}) {
        for (int row = 0; row < rows.count && rows.data; ++row)
          bits.insert(bits.end(), rows[row].f32().begin(), rows[row].f32().end());
      }
    }
    EXPECT_EQ(all[0], all[1]) << when;
  }
  // Has something grow, then passes of the captured size: one on the new memory, one captured, one replayed.
  void grow(const std::vector<SequenceInput>& batch, const std::string& what) {
    compare(batch, what);
    for (int pass = 0; pass < 3; ++pass) probe("after growth of " + what);
    EXPECT_GE(graphs(), 1u);
  }

  LlamaConfig config_ = smallest_config("MistralForCausalLM");
  std::vector<Token> text_;
  TokenTree tree_{0};
  std::vector<int> nodes_;
  std::vector<std::unique_ptr<HostRows>> models_;  // eager, capturing
};

TEST_F(CudaGraphsOnDevice, follow_the_cache) {
  make(64);
  grow({next(kOther, 1)}, "the cache");
}

// Slices without rows, so that nothing but the page table is longer.
TEST_F(CudaGraphsOnDevice, follow_the_uploaded_plan) {
  make(1024);
  std::vector<SequenceInput> batch{next(kProbed, 1)};
  for (int i = 10; i < 40; ++i) {
    const SequenceId id{i};
    for (const auto& model : models_) model->open(id);
    batch.push_back({.sequence = id, .give = PassOutput::nothing});
  }
  grow(batch, "the plan");
}

// Where what is stale is written and read again alone, the sanitizer sees it and nobody else.
TEST_F(CudaGraphsOnDevice, follow_partial_results_of_attention) {
  make(1024);
  grow({next(kOther, 60, PassOutput::nothing)}, "the plan and partial results");
  grow({next(kOther, 60, PassOutput::nothing)}, "partial results");
}

TEST_F(CudaGraphsOnDevice, follow_hidden_tapped_and_scored_rows) {
  make(1024);
  for (const auto& model : models_) model->tap(std::vector<int>{1});
  for (int pass = 0; pass < 2; ++pass) compare({next(kOther, 64, PassOutput::nothing)}, "the plan");
  for (int pass = 0; pass < 3; ++pass) probe("with a tap");
  grow({next(kOther, 20, PassOutput::features)}, "hidden and tapped rows");
  grow({siblings(10)}, "logits");
}

// A text of as many pages as rows of the table have at first, and a page more. The pool has them all.
TEST_F(CudaGraphsOnDevice, follow_the_width_of_the_page_table) {
  make(2048);
  for (int part = 0; part < 16; ++part) compare({next(kOther, 64, PassOutput::nothing)}, "a page");
  for (int pass = 0; pass < 3; ++pass) probe("before the table grows");
  grow({next(kOther, 1)}, "the page table");
}

TEST_F(CudaGraphsOnDevice, follow_the_angles_of_positions) {
  make(8192);
  for (int part = 0; part < 63; ++part) compare({next(kOther, 64, PassOutput::nothing)}, "a page");
  compare({next(kOther, 60, PassOutput::nothing)}, "a page");
  compare({siblings(10)}, "the page table");
  const Commit kept{kOther, {}};
  for (const auto& model : models_) model->commit({&kept, 1});
  for (int pass = 0; pass < 3; ++pass) probe("before angles grow");
  grow({next(kOther, 5)}, "angles");
}

}  // namespace
}  // namespace speclab
