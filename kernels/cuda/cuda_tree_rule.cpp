#include "kernels/cuda/cuda_tree_rule.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/cuda/counter_source.h"
#include "kernels/llama/overflow.h"

namespace speclab {
namespace {

constexpr std::size_t kVerdictWords = sizeof(TreeVerdict) / sizeof(std::int32_t);

// Rows that hold what is left of proposals: one for each proposer that drew several of a node's candidates
// and did not put them back.
int rests_of(const Draft& draft) {
  int rests = 0;
  for (int node = 0; node < draft.size(); ++node) {
    for (int proposer = 0; proposer < draft.proposers(); ++proposer) {
      if (draft.draw(proposer) != Draw::without_replacement) continue;
      int drawn = 0;
      for (int child = draft.first_candidate(node); child != TokenTree::kNone;
           child = draft.next_candidate(child))
        drawn += draft.proposer(child) == proposer ? 1 : 0;
      rests += drawn > 1 ? 1 : 0;
    }
  }
  return rests;
}

}  // namespace

CudaTreeRule::CudaTreeRule(std::unique_ptr<AcceptanceRule> twin, Candidates candidates,
                           JudgeTrees judge_trees, CudaRuleOptions options)
    : CudaRule(std::move(twin)),
      candidates_(candidates),
      judge_trees_(std::move(judge_trees)),
      options_(checked(std::move(options))) {}

CudaTreeRule::~CudaTreeRule() { options_.stream->drain(); }

void CudaTreeRule::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                         std::span<Verdict> verdicts) {
  cols_ = target.logits.cols;
  nodes_.number(batch, drafts, target);
  group();
  fill(target);
  launch();
  for (std::size_t i = 0; i < batch.size(); ++i) take(i, verdicts[i]);
}

void CudaTreeRule::group() {
  groups_.clear();
  for (std::size_t i = 0; i < nodes_.trees().size(); ++i) {
    const DraftNodes::Tree& tree = nodes_.trees()[i];
    const bool nucleus = tree.sequence->sampling.top_p < 1;
    const int rests = candidates_ == Candidates::as_drawn ? rests_of(*tree.draft) : 0;
    const auto rows = static_cast<std::size_t>(tree.size + rests);
    const auto fits = [&](const Group& with) {
      return (with.rows + rows) * ProbabilitySpace::of_row(cols_, with.nucleus || nucleus) <=
             options_.max_numbers;
    };
    if (groups_.empty() || !fits(groups_.back())) groups_.push_back({.begin = i, .end = i});
    Group& now = groups_.back();
    now.end = i + 1;
    now.rows += rows;
    now.nucleus |= nucleus;
  }
  std::size_t rows = 0, nucleus_rows = 0;
  for (const Group& each : groups_) {
    rows = std::max(rows, each.rows);
    if (each.nucleus) nucleus_rows = std::max(nucleus_rows, each.rows);
  }
  space_.require(rows, nucleus_rows, cols_);
  numbers_.require(static_cast<std::size_t>(nodes_.size()), "work space of verdicts");
}

void CudaTreeRule::fill(const Forward& target) {
  const auto nodes = static_cast<std::size_t>(nodes_.size()), trees = nodes_.trees().size();
  upload_.begin();
  at_ = {.softmax = upload_.add<RowSoftmax>(nodes),
         .nodes = upload_.add<VerdictNode>(nodes),
         .trees = upload_.add<VerdictTree>(trees)};
  upload_.lay_out();
  for (const Group& each : groups_) {
    double* space = space_.row(0);
    for (std::size_t i = each.begin; i < each.end; ++i) space = fill_tree(i, space, target);
  }
  upload_.send(*options_.stream);

  answers_at_ = {.verdicts = nodes, .paths = nodes + trees * kVerdictWords};
  answers_at_.end = answers_at_.paths + nodes;
  require_written(answers_, answers_at_.end, "verdicts", *options_.stream);
  fetched_.require(answers_at_.end, "verdicts, on the host");
}

// Rows of the tree's nodes, then of what is left of its proposals. The result is where the next tree's begin.
double* CudaTreeRule::fill_tree(std::size_t i, double* space, const Forward& target) {
  const DraftNodes::Tree& tree = nodes_.trees()[i];
  const CounterRng& source = counter_source(tree.sequence->judge_chance.get());
  upload_.host(at_.trees)[i] = {source.key(), source.taken(), tree.begin};
  const Sampling& s = tree.sequence->sampling;
  for (int now = tree.begin; now < tree.begin + tree.size; ++now, space += cols_) {
    const float* logits = target.logits[nodes_.row(tree, now)].as<float>();
    upload_.host(at_.softmax)[now] = {logits, space, s.temperature, s.top_k, s.top_p};
    VerdictNode& to = upload_.host(at_.nodes)[now];
    to.p = space;
    to.token = tree.draft->tree().token(nodes_.node(now));
    to.parent = to.first = to.next = to.drawn_before = TokenTree::kNone;
  }
  for (int now = tree.begin; now < tree.begin + tree.size; ++now) space = link(tree, now, space);
  return space;
}

// A node to its candidates, and those to what they were drawn from.
double* CudaTreeRule::link(const DraftNodes::Tree& tree, int now, double* space) {
  const Draft& draft = *tree.draft;
  VerdictNode* nodes = upload_.host(at_.nodes) + tree.begin;
  const int node = nodes_.node(now);
  // Within its tree.
  const auto number_of = [&](int of) {
    const int number = nodes_.number(tree, of);
    return number == TokenTree::kNone ? number : number - tree.begin;
  };
  nodes[now - tree.begin].first = number_of(draft.first_candidate(node));
  // By proposer: its last candidate so far, and where the rest is after that.
  struct Proposal {
    int last = TokenTree::kNone;
    double* rest = nullptr;
  };
  std::vector<Proposal> proposals(static_cast<std::size_t>(draft.proposers()));
  for (int child = draft.first_candidate(node); child != TokenTree::kNone;
       child = draft.next_candidate(child)) {
    const int number = number_of(child);
    VerdictNode& to = nodes[number];
    to.parent = now - tree.begin;
    to.next = number_of(draft.next_candidate(child));
    if (candidates_ == Candidates::as_certain || draft.drawn(child) == Draw::fixed) continue;
    const int proposer = draft.proposer(child);
    const Row scores = draft.scores(node, proposer);
    SPECLAB_CHECK(scores, "the children of node {} were drawn from scores that are not there", node);
    SPECLAB_CHECK(scores.place == Place::device && scores.cols == cols_,
                  "node {} has scores of {} tokens on the {}, but the target's {} are on the device", node,
                  scores.cols, scores.place == Place::device ? "device" : "host", cols_);
    to.q = scores.as<double>();
    if (draft.drawn(child) != Draw::without_replacement) continue;
    Proposal& proposal = proposals[proposer];
    if (proposal.last != TokenTree::kNone) {
      if (!proposal.rest) {
        proposal.rest = space;
        space += cols_;
      }
      nodes[proposal.last].rest = proposal.rest;
      to.q = proposal.rest;
      to.drawn_before = proposal.last;
    }
    proposal.last = number;
  }
  return space;
}

void CudaTreeRule::launch() {
  Stream& stream = *options_.stream;
  const auto answers = [&](std::size_t at) { return answers_.data() + at; };
  for (const Group& each : groups_) {
    const DraftNodes::Tree &first = nodes_.trees()[each.begin], &last = nodes_.trees()[each.end - 1];
    const int count = last.begin + last.size - first.begin;
    row_probabilities({.rows = upload_.device(at_.softmax) + first.begin,
                       .scratch = space_.nucleus(),
                       .wrong = answers(static_cast<std::size_t>(first.begin)),
                       .count = count,
                       .cols = cols_},
                      stream);
    auto* verdicts = reinterpret_cast<TreeVerdict*>(answers(answers_at_.verdicts));
    judge_trees_({.trees = upload_.device(at_.trees) + each.begin,
                  .nodes = upload_.device(at_.nodes),
                  .wrong = answers(answers_at_.wrong),
                  .verdicts = verdicts + each.begin,
                  .paths = answers(answers_at_.paths),
                  .numbers = numbers_.data(),
                  .count = static_cast<int>(each.end - each.begin),
                  .cols = cols_},
                 stream);
  }
  copy_bytes(fetched_.data(), answers_.data(), answers_at_.end * sizeof(std::int32_t), stream);
  stream.wait();
}

void CudaTreeRule::take(std::size_t i, Verdict& verdict) const {
  const DraftNodes::Tree& tree = nodes_.trees()[i];
  const TreeVerdict& made = reinterpret_cast<const TreeVerdict*>(fetched_.data() + answers_at_.verdicts)[i];
  const auto node = [&](int within_tree) { return nodes_.node(tree.begin + within_tree); };
  if (made.fault == VerdictFault::logits) logits_overflow(tree.row + node(made.next));
  SPECLAB_CHECK(made.fault != VerdictFault::probability,
                "node {} was drawn where its proposer's probability is 0", node(made.next));
  SPECLAB_CHECK(made.fault != VerdictFault::weights, "no token has a probability after node {}",
                node(made.next));
  SPECLAB_CHECK(made.fault != VerdictFault::root, "the root was rejected");
  const int* path = fetched_.data() + answers_at_.paths + tree.begin;
  for (int step = 0; step < made.length; ++step) verdict.path.push_back(node(path[step]));
  verdict.next = made.next;
  counter_source(tree.sequence->judge_chance.get()).take(static_cast<std::uint64_t>(made.decisions));
}

}  // namespace speclab
