#include "kernels/cuda/cuda_rules.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/cuda/counter_source.h"
#include "kernels/cuda/row_choice.h"
#include "kernels/llama/overflow.h"

namespace speclab {
namespace {

constexpr std::size_t kVerdictWords = sizeof(TreeVerdict) / sizeof(std::int32_t);

// Numbers of work space for a row.
std::size_t numbers_of(int cols, bool nucleus) {
  return static_cast<std::size_t>(cols) + (nucleus ? 2 * candidates_per_row(cols) : 0);
}

}  // namespace

CudaRule::CudaRule(Way way, CudaRuleOptions options)
    : way_(way), stream_(std::move(options.stream)), most_numbers_(options.most_numbers) {
  SPECLAB_CHECK(stream_ != nullptr, "a rule on a device was given no stream");
}

CudaRule::~CudaRule() { stream_->drain(); }

void CudaRule::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                     std::span<Verdict> verdicts) {
  SPECLAB_CHECK(target.logits.place == Place::device, "a rule on a device was given rows on the host");
  cols_ = target.logits.cols;
  number(batch, drafts, target, verdicts);
  group();
  fill(target);
  launch(target);
  read();
}

void CudaRule::number(Batch batch, std::span<const Draft> drafts, const Forward& target,
                      std::span<Verdict> verdicts) {
  trees_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i)
    trees_.push_back({batch[i], &drafts[i], &verdicts[i], target.first[i]});
  const auto sampled_ones =
      std::ranges::stable_partition(trees_, [&](const Tree& tree) { return !sampled(*tree.sequence); });
  likely_trees_ = trees_.size() - sampled_ones.size();
  nodes_.clear();
  likely_ = 0;
  for (std::size_t i = 0; i < trees_.size(); ++i) {
    Tree& tree = trees_[i];
    tree.begin = static_cast<int>(nodes_.size());
    for (int node = 0; node < tree.draft->size(); ++node) {
      if (!tree.draft->probe(node)) nodes_.push_back(node);
    }
    tree.size = static_cast<int>(nodes_.size()) - tree.begin;
    if (i < likely_trees_) likely_ = static_cast<int>(nodes_.size());
  }
}

// Rows that hold what is left of proposals, one a proposer: a node's are done with when the path goes on.
int CudaRule::rests_of(const Tree& tree) const {
  if (way_ != Way::as_drawn) return 0;
  int rests = 0;
  for (int proposer = 0; proposer < tree.draft->proposers(); ++proposer)
    rests += tree.draft->draw(proposer) == Draw::without_replacement ? 1 : 0;
  return rests;
}

void CudaRule::group() {
  groups_.clear();
  for (std::size_t i = likely_trees_; i < trees_.size(); ++i) {
    const Tree& tree = trees_[i];
    const bool nucleus = tree.sequence->sampling.top_p < 1;
    const std::size_t rows = static_cast<std::size_t>(tree.size + rests_of(tree));
    const auto fits = [&](const Group& with) {
      return (with.rows + rows) * numbers_of(cols_, with.nucleus || nucleus) <= most_numbers_;
    };
    if (groups_.empty() || !fits(groups_.back())) groups_.push_back({.begin = i, .end = i});
    Group& now = groups_.back();
    now.end = i + 1;
    now.rows += rows;
    now.nucleus |= nucleus;
  }
  std::size_t rows = 0, candidates = 0;
  for (const Group& each : groups_) {
    rows = std::max(rows, each.rows);
    if (each.nucleus) candidates = std::max(candidates, each.rows * candidates_per_row(cols_));
  }
  space_.require(rows * static_cast<std::size_t>(cols_), "the target's probabilities");
  candidates_.require(candidates, "candidates of nuclei");
}

void CudaRule::fill(const Forward& target) {
  const std::size_t likely = static_cast<std::size_t>(likely_), sampled_nodes = nodes_.size() - likely,
                    sampled_trees = trees_.size() - likely_trees_;
  const auto where = [&](bool there) { return there ? sampled_nodes : 0; };
  upload_.begin();
  at_ = {.logits = upload_.add<const float*>(likely),
         .softmax = upload_.add<RowSoftmax>(sampled_nodes),
         .draws = upload_.add<RowDraw>(where(way_ == Way::match)),
         .nodes = upload_.add<VerdictNode>(where(judges_candidates())),
         .trees = upload_.add<VerdictTree>(judges_candidates() ? sampled_trees : 0)};
  upload_.lay_out();
  for (const Tree& tree : trees_) {
    for (int now = 0; now < tree.size; ++now) {
      const int at = tree.begin + now;
      const float* logits = target.logits[tree.row + node_of(tree, now)].f32().data();
      if (at < likely_) {
        upload_.host(at_.logits)[at] = logits;
      } else {
        const Sampling& s = tree.sequence->sampling;
        upload_.host(at_.softmax)[at - likely_] = {logits, nullptr, s.temperature, s.top_k, s.top_p};
      }
    }
  }
  for (const Group& each : groups_) {
    double* space = space_.data();
    for (std::size_t i = each.begin; i < each.end; ++i) space = fill_tree(trees_[i], space);
  }
  upload_.send(*stream_);

  const std::size_t drawn = where(way_ == Way::match), paths = where(judges_candidates()),
                    verdicts = judges_candidates() ? sampled_trees * kVerdictWords : 0;
  answers_at_ = {.tokens = 0, .wrong = likely + drawn};  // tokens by node, as far as they are drawn
  answers_at_.drawn = answers_at_.wrong + sampled_nodes;
  answers_at_.verdicts = answers_at_.drawn + drawn;
  answers_at_.paths = answers_at_.verdicts + verdicts;
  answers_at_.end = answers_at_.paths + paths;
  require_written(answers_, answers_at_.end, "verdicts", *stream_);
  fetched_.require(answers_at_.end, "verdicts, on the host");
}

// Rows of the tree's nodes, then of what is left of its proposals. The result is where the next tree's begin.
double* CudaRule::fill_tree(const Tree& tree, double* space) {
  const int first = tree.begin - likely_;
  const CounterChance& source = counter_source(tree.sequence->judge_chance.get());
  for (int now = 0; now < tree.size; ++now, space += cols_) {
    upload_.host(at_.softmax)[first + now].probabilities = space;
    if (way_ == Way::match) {
      // Every node of a path takes one decision.
      const int depth = tree.draft->tree().depth(node_of(tree, now));
      upload_.host(at_.draws)[first + now] = {.row = space,
                                              .key = source.key(),
                                              .taken = source.taken() + static_cast<std::uint64_t>(depth),
                                              .first = first + now};
    } else {
      VerdictNode& to = upload_.host(at_.nodes)[first + now];
      to = {.p = space, .token = tree.draft->tree().token(node_of(tree, now))};
    }
  }
  return judges_candidates() ? link(tree, upload_.host(at_.nodes) + first, space) : space;
}

double* CudaRule::link(const Tree& tree, VerdictNode* nodes, double* space) {
  const Draft& draft = *tree.draft;
  const CounterChance& source = counter_source(tree.sequence->judge_chance.get());
  upload_.host(at_.trees)[static_cast<std::size_t>(&tree - trees_.data()) - likely_trees_] = {
      source.key(), source.taken(), tree.begin - likely_};
  now_.assign(static_cast<std::size_t>(draft.size()), TokenTree::kNone);
  for (int now = 0; now < tree.size; ++now) now_[static_cast<std::size_t>(node_of(tree, now))] = now;
  const auto number_of = [&](int node) {
    return node == TokenTree::kNone ? TokenTree::kNone : now_[static_cast<std::size_t>(node)];
  };
  std::vector<double*> rests(static_cast<std::size_t>(draft.proposers()));
  for (int proposer = 0; proposer < draft.proposers(); ++proposer) {
    if (way_ != Way::as_drawn || draft.draw(proposer) != Draw::without_replacement) continue;
    rests[static_cast<std::size_t>(proposer)] = space;
    space += cols_;
  }
  std::vector<int> before(rests.size());  // the last sibling that a proposer drew
  for (int now = 0; now < tree.size; ++now) {
    const int node = node_of(tree, now);
    nodes[now].first = number_of(draft.first_candidate(node));
    std::ranges::fill(before, TokenTree::kNone);
    for (int child = draft.first_candidate(node); child != TokenTree::kNone;
         child = draft.next_candidate(child)) {
      VerdictNode& to = nodes[number_of(child)];
      to.next = number_of(draft.next_candidate(child));
      if (way_ == Way::as_certain || draft.drawn(child) == Draw::fixed) continue;
      const int proposer = draft.proposer(child);
      const Row scores = draft.scores(node, proposer);
      SPECLAB_CHECK(scores, "the children of node {} were drawn from scores that are not there", node);
      SPECLAB_CHECK(scores.place == Place::device && scores.cols == cols_,
                    "node {} has scores of {} tokens on the {}, but the target's {} are on the device", node,
                    scores.cols, scores.place == Place::device ? "device" : "host", cols_);
      to.q = scores.f64().data();
      int& last = before[static_cast<std::size_t>(proposer)];
      double* rest = rests[static_cast<std::size_t>(proposer)];
      if (rest && last != TokenTree::kNone) {
        nodes[last].rest = rest;
        to.q = rest;
        to.drawn_before = last;
      }
      last = number_of(child);
    }
  }
  return space;
}

void CudaRule::launch(const Forward& target) {
  const auto answers = [&](std::size_t at) { return answers_.data() + at; };
  row_argmax({upload_.device(at_.logits), answers(answers_at_.tokens), nullptr, likely_, target.logits.cols},
             *stream_);
  for (const Group& each : groups_) {
    const Tree &first = trees_[each.begin], &last = trees_[each.end - 1];
    const int begin = first.begin - likely_, count = last.begin + last.size - first.begin;
    const std::size_t at = static_cast<std::size_t>(begin), tree = each.begin - likely_trees_;
    int* wrong = answers(answers_at_.wrong + at);
    row_probabilities({upload_.device(at_.softmax) + at, candidates_.data(), wrong, count, cols_}, *stream_);
    if (way_ == Way::match) {
      std::int32_t* tokens = answers(answers_at_.tokens) + likely_;
      row_draws({upload_.device(at_.draws) + at, tokens, answers(answers_at_.drawn + at), count, cols_},
                *stream_);
    } else {
      auto* verdicts = reinterpret_cast<TreeVerdict*>(answers(answers_at_.verdicts)) + tree;
      tree_verdicts({upload_.device(at_.trees) + tree, upload_.device(at_.nodes), answers(answers_at_.wrong),
                     verdicts, answers(answers_at_.paths), static_cast<int>(each.end - each.begin), cols_},
                    *stream_);
    }
  }
  copy_bytes(fetched_.data(), answers_.data(), answers_at_.end * sizeof(std::int32_t), *stream_);
  stream_->wait();
}

void CudaRule::read() const {
  for (std::size_t i = 0; i < trees_.size(); ++i) {
    if (i < likely_trees_ || way_ == Way::match) {
      follow(trees_[i]);
    } else {
      take(trees_[i],
           reinterpret_cast<const TreeVerdict*>(fetched_.data() + answers_at_.verdicts)[i - likely_trees_]);
    }
  }
}

void CudaRule::follow(const Tree& tree) const {
  const Draft& draft = *tree.draft;
  const std::int32_t* tokens = fetched_.data() + answers_at_.tokens + tree.begin;
  for (int now = 0;;) {
    const Token token = tokens[now];
    const int node = node_of(tree, now);
    if (token < 0) logits_overflow(tree.row + node);
    if (tree.begin >= likely_) counter_source(tree.sequence->judge_chance.get()).take(1);
    int child = draft.first_candidate(node);
    while (child != TokenTree::kNone && draft.tree().token(child) != token)
      child = draft.next_candidate(child);
    if (child == TokenTree::kNone) {
      tree.verdict->next = token;
      return;
    }
    tree.verdict->path.push_back(child);
    while (node_of(tree, now) != child) ++now;
  }
}

void CudaRule::take(const Tree& tree, const TreeVerdict& verdict) const {
  const int* path = fetched_.data() + answers_at_.paths + (tree.begin - likely_);
  for (int i = 0; i < verdict.length; ++i) tree.verdict->path.push_back(node_of(tree, path[i]));
  const int last = tree.verdict->path.empty() ? 0 : tree.verdict->path.back();
  if (verdict.fault == VerdictFault::logits) logits_overflow(tree.row + last);
  SPECLAB_CHECK(verdict.fault != VerdictFault::probability,
                "node {} was drawn where its proposer's probability is 0", node_of(tree, verdict.next));
  SPECLAB_CHECK(verdict.fault != VerdictFault::weights, "no token has a probability after node {}", last);
  tree.verdict->next = verdict.next;
  counter_source(tree.sequence->judge_chance.get()).take(static_cast<std::uint64_t>(verdict.decisions));
}

}  // namespace speclab
