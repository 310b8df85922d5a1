#include "tests/support/model_conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

namespace speclab {
namespace {

using Tokens = std::vector<Token>;
using Nodes = std::vector<int>;

// What a row holds: logits, then hidden features where there are any.
using Values = std::vector<float>;

Values row_of(const Forward& forward, int row) {
  const auto logits = forward.logits[row].f32();
  Values values(logits.begin(), logits.end());
  if (forward.hidden.data) {
    const auto hidden = forward.hidden[row].f32();
    values.insert(values.end(), hidden.begin(), hidden.end());
  }
  return values;
}

std::vector<Values> rows_of(const Forward& forward) {
  std::vector<Values> rows;
  for (int row = 0; row < forward.logits.count; ++row) rows.push_back(row_of(forward, row));
  return rows;
}

void expect_same(const Values& found, const Values& expected, const std::string& where) {
  ASSERT_EQ(found.size(), expected.size()) << where;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i], expected[i]) << where << ", column " << i;
  }
}

void expect_same(const std::vector<Values>& found, const std::vector<Values>& expected,
                 const std::string& where) {
  ASSERT_EQ(found.size(), expected.size()) << where;
  for (std::size_t i = 0; i < found.size(); ++i)
    expect_same(found[i], expected[i], where + ", row " + std::to_string(i));
}

class Conformance {
 public:
  Conformance(const std::function<std::unique_ptr<LanguageModel>()>& make, int max_positions, int window)
      : model_(make()), other_(make()), window_(window), max_(max_positions), tree_(0) {
    text_ = some_text(std::min(11, max_positions - 5), 1);
    tree_ = some_tree(text_.back(), 3);
    all_.resize(static_cast<std::size_t>(tree_.size() - 1));
    std::iota(all_.begin(), all_.end(), 1);
  }

  void run() {
    vocabulary_is_constant();
    tree_equals_paths();
    rounds_equal_one_pass();
    keep_equals_afresh();
    rewind_equals_afresh();
    batch_equals_ones();
    cuts_do_not_matter();
    work_is_told();
  }

 private:
  Tokens some_text(int length, int seed) const {
    Tokens text;
    for (int i = 0; i < length; ++i) text.push_back((seed * 7919 + i * i * 31 + i * 5) % model_->vocab());
    return text;
  }
  // Depth 3; two siblings with one token; numbers that do not follow the levels.
  TokenTree some_tree(Token root, int seed) const {
    TokenTree tree(root);
    constexpr int kParents[] = {0, 0, 1, 0, 3, 1, 2, 3};
    constexpr int kTokens[] = {4, 9, 2, 4, 7, 1, 3, 8};
    for (int i = 0; i < 8; ++i) tree.add(kParents[i], (kTokens[i] + seed) % model_->vocab());
    return tree;
  }
  // The row after a text, by a model that has seen nothing else of it.
  Values afresh(const Tokens& text) {
    const SequenceId id{1000};
    other_->open(id);
    const SequenceInput slice{.sequence = id, .text = text};
    const Values row = row_of(other_->forward({&slice, 1}), 0);
    other_->close(id);
    return row;
  }
  Tokens with_path(const Nodes& path) const {
    Tokens text = text_;
    for (const int node : path) text.push_back(tree_.token(node));
    return text;
  }
  std::vector<Values> forward(SequenceId id, std::span<const Token> text, std::span<const int> nodes) {
    const SequenceInput slice{.sequence = id, .text = text, .tree = &tree_, .nodes = nodes};
    return rows_of(model_->forward({&slice, 1}));
  }
  void fill(SequenceId id, std::span<const Token> text) {
    const SequenceInput slice{.sequence = id, .text = text, .give = PassOutput::nothing};
    EXPECT_EQ(model_->forward({&slice, 1}).logits.count, 0);
  }
  SequenceId fresh() {
    const SequenceId id{next_++};
    model_->open(id);
    EXPECT_EQ(model_->length(id), 0);
    return id;
  }
  std::vector<Values> expected_rows() {
    std::vector<Values> rows{afresh(text_)};
    for (const int node : all_) rows.push_back(afresh(with_path(tree_.path(node))));
    return rows;
  }

  void vocabulary_is_constant() { EXPECT_EQ(model_->vocab(), other_->vocab()); }

  void tree_equals_paths() {
    const SequenceId id = fresh();
    const std::vector<Values> rows = forward(id, text_, all_);
    expect_same(rows, expected_rows(), "a tree's rows and its paths' alone");
    model_->close(id);
    for (const int node : all_) {
      const SequenceId chain = fresh();
      const Nodes path = tree_.path(node);
      const std::vector<Values> alone = forward(chain, text_, path);
      for (std::size_t i = 0; i < path.size(); ++i) {
        expect_same(alone[i + 1], rows[path[i]], "a path without the rest of its tree");
      }
      model_->close(chain);
    }
  }

  // By depth, and one node at a time in the order of the numbers.
  void rounds_equal_one_pass() {
    const std::vector<Values> expected = expected_rows();
    const SequenceId by_depth = fresh(), one_by_one = fresh();
    fill(by_depth, text_);
    fill(one_by_one, text_);
    for (int depth = 1; depth <= 3; ++depth) {
      Nodes level;
      std::ranges::copy_if(all_, std::back_inserter(level),
                           [&](int node) { return tree_.depth(node) == depth; });
      const std::vector<Values> rows = forward(by_depth, {}, level);
      for (std::size_t i = 0; i < level.size(); ++i) {
        expect_same(rows[i], expected[level[i]], "a tree by rounds");
      }
    }
    for (const int node : all_) {
      expect_same(forward(one_by_one, {}, std::span(&node, 1))[0], expected[node], "a tree node by node");
    }
    model_->close(by_depth);
    model_->close(one_by_one);
  }

  void keep_equals_afresh() {
    const Token after = 5 % model_->vocab();
    for (int target = 0; target < tree_.size(); ++target) {
      const Nodes path = tree_.path(target);
      for (std::size_t evaluated = 0; evaluated <= all_.size(); ++evaluated) {
        const SequenceId id = fresh();
        forward(id, text_, std::span(all_).first(evaluated));
        const auto known =
            std::ranges::find_if(path, [&](int node) { return node > static_cast<int>(evaluated); });
        const int kept = static_cast<int>(known - path.begin());
        const Commit asked{id, path};
        const Work work = model_->commit({&asked, 1});
        EXPECT_EQ(work.op, Op::commit);
        EXPECT_EQ(work.sequences, 1);
        EXPECT_GE(work.new_tokens, 0);
        EXPECT_LE(work.new_tokens, kept);
        ASSERT_EQ(model_->length(id), static_cast<int>(text_.size()) + kept);
        Tokens text = with_path(path);
        text.push_back(after);
        const std::string where = "after keep of the path to node " + std::to_string(target) + " with " +
                                  std::to_string(evaluated) + " nodes evaluated";
        TokenTree next(after);
        next.add(0, 2 % model_->vocab());
        next.add(0, 3 % model_->vocab());
        const Nodes both{1, 2};
        const std::span<const Token> lacking =
            std::span(text).subspan(static_cast<std::size_t>(model_->length(id)));
        const SequenceInput slice{.sequence = id, .text = lacking, .tree = &next, .nodes = both};
        const std::vector<Values> rows = rows_of(model_->forward({&slice, 1}));
        ASSERT_EQ(rows.size(), 3u);
        expect_same(rows[0], afresh(text), where);
        text.push_back(next.token(2));
        expect_same(rows[2], afresh(text), where + ", next tree");
        model_->close(id);
      }
    }
  }

  void rewind_equals_afresh() {
    const Values expected = afresh(text_);
    for (int length = 0; length <= static_cast<int>(text_.size()); ++length) {
      for (const bool with_nodes : {false, true}) {
        const SequenceId id = fresh();
        Tokens other = text_;
        for (std::size_t i = static_cast<std::size_t>(length); i < other.size(); ++i) {
          other[i] = (other[i] + 1) % model_->vocab();
        }
        forward(id, other, with_nodes ? std::span<const int>(all_) : std::span<const int>());
        const Truncation asked{id, length};
        const Work work = model_->truncate({&asked, 1});
        EXPECT_EQ(work.op, Op::truncate);
        EXPECT_EQ(work.sequences, 1);
        ASSERT_EQ(model_->length(id), length);
        if (length < static_cast<int>(text_.size())) {
          const auto rows = forward(id, std::span(text_).subspan(static_cast<std::size_t>(length)), {});
          expect_same(rows.at(0), expected, "after rewind to " + std::to_string(length));
        } else {
          const auto rows = forward(id, {}, std::span(all_).first(1));
          expect_same(rows.at(0), afresh(with_path({1})), "after a rewind that only forgot nodes");
        }
        model_->close(id);
      }
    }
  }

  // Ragged: texts of several lengths, trees of several sizes, a slice without rows, one without text.
  void batch_equals_ones() {
    constexpr int kCount = 6;
    std::vector<Tokens> texts;
    std::vector<TokenTree> trees;
    for (int i = 0; i < kCount; ++i) {
      texts.push_back(some_text(1 + i * (static_cast<int>(text_.size()) - 1) / (kCount - 1), i + 5));
      trees.push_back(some_tree(texts.back().back(), i));
    }
    const auto slices = [&](const std::vector<SequenceId>& ids) {
      std::vector<SequenceInput> batch;
      for (std::size_t i = 0; i < kCount; ++i) {
        batch.push_back({.sequence = ids[i],
                         .text = texts[i],
                         .tree = &trees[i],
                         .nodes = std::span(all_).first(i * 8 / (kCount - 1)),
                         .give = i != 2 ? PassOutput::scores : PassOutput::nothing});
        if (i == 4) {
          fill(ids[i], texts[i]);
          batch.back().text = {};
        }
      }
      return batch;
    };
    std::vector<SequenceId> together, alone;
    for (int i = 0; i < kCount; ++i) together.push_back(fresh());
    for (int i = 0; i < kCount; ++i) alone.push_back(fresh());
    const std::vector<SequenceInput> batch = slices(together), ones = slices(alone);
    const Forward& forward = model_->forward(batch);
    const std::vector<Values> rows = rows_of(forward);
    const std::vector<int> first = forward.first;
    const Work work = forward.work;
    ASSERT_EQ(first.size(), static_cast<std::size_t>(kCount));
    Work sum{.op = Op::forward};
    int row = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      const Forward& one = model_->forward({&ones[i], 1});
      EXPECT_EQ(first[i], row);
      EXPECT_EQ(one.first, std::vector<int>{0});
      const std::vector<Values> own = rows_of(one);
      for (std::size_t n = 0; n < own.size(); ++n, ++row) {
        ASSERT_LT(row, static_cast<int>(rows.size()));
        expect_same(rows[row], own[n], "batch and alone, slice " + std::to_string(i));
      }
      sum.sequences += one.work.sequences;
      sum.new_tokens += one.work.new_tokens;
      sum.rows += one.work.rows;
      sum.context += one.work.context;
      sum.pairs += one.work.pairs;
    }
    EXPECT_EQ(row, static_cast<int>(rows.size()));
    sum.actor = work.actor;
    EXPECT_EQ(work, sum) << "a batch's work is the sum of its slices'";
    for (const SequenceId id : together) model_->close(id);
    for (const SequenceId id : alone) model_->close(id);
  }

  void cuts_do_not_matter() {
    const Tokens text = some_text(std::min(max_, 150), 2);
    const Values expected = afresh(text);
    for (const std::size_t step :
         {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{16}, std::size_t{65}}) {
      const SequenceId id = fresh();
      Values row;
      for (std::size_t begin = 0; begin < text.size(); begin += step) {
        const auto part = std::span(text).subspan(begin, std::min(step, text.size() - begin));
        if (begin + step < text.size()) {
          fill(id, part);
        } else {
          row = forward(id, part, {}).at(0);
        }
        EXPECT_EQ(model_->length(id), static_cast<int>(begin + part.size()));
      }
      expect_same(row, expected, "a text in pieces of " + std::to_string(step));
      model_->close(id);
    }
  }

  std::int64_t seen(std::int64_t position) const {
    return window_ > 0 ? std::min<std::int64_t>(window_, position + 1) : position + 1;
  }
  void work_is_told() {
    const SequenceId id = fresh();
    const std::int64_t length = static_cast<std::int64_t>(text_.size());
    const SequenceInput prompt{
        .sequence = id, .text = std::span(text_).first(text_.size() - 1), .give = PassOutput::nothing};
    Work work = model_->forward({&prompt, 1}).work;
    Work expected{
        .actor = work.actor, .op = Op::forward, .sequences = 1, .new_tokens = static_cast<int>(length) - 1};
    for (std::int64_t p = 0; p + 1 < length; ++p) expected.pairs += seen(p);
    EXPECT_EQ(work, expected) << "work of a prompt";

    const SequenceInput step{
        .sequence = id, .text = std::span(text_).last(1), .tree = &tree_, .nodes = std::span(all_).first(3)};
    work = model_->forward({&step, 1}).work;
    expected = {.actor = work.actor,
                .op = Op::forward,
                .sequences = 1,
                .new_tokens = 4,
                .rows = 4,
                .context = length - 1,
                .pairs = seen(length - 1)};
    for (int node = 1; node <= 3; ++node) expected.pairs += seen(length - 1 + tree_.depth(node));
    EXPECT_EQ(work, expected) << "work of a step";

    const SequenceInput round{.sequence = id, .tree = &tree_, .nodes = std::span(all_).subspan(3)};
    work = model_->forward({&round, 1}).work;
    expected = {.actor = work.actor,
                .op = Op::forward,
                .sequences = 1,
                .new_tokens = 5,
                .rows = 5,
                .context = length + 3};
    for (int node = 4; node <= 8; ++node) expected.pairs += seen(length - 1 + tree_.depth(node));
    EXPECT_EQ(work, expected) << "work of a further round";
    model_->close(id);
  }

  std::unique_ptr<LanguageModel> model_, other_;
  int window_, max_;
  int next_ = 1;
  Tokens text_;
  TokenTree tree_;
  Nodes all_;
};

}  // namespace

void check_model_conformance(const std::function<std::unique_ptr<LanguageModel>()>& make, int max_positions,
                             int window) {
  ASSERT_GE(max_positions, 16);
  Conformance(make, max_positions, window).run();
}

}  // namespace speclab
