#include "kernels/cuda/cuda_row_stats.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/llama/overflow.h"

namespace speclab {
namespace {

template <class Use>
void each_candidate(const Draft& draft, int node, const Use& use) {
  for (int child = draft.first_candidate(node); child != TokenTree::kNone;
       child = draft.next_candidate(child))
    use(draft.tree().token(child));
}

}  // namespace

void CudaRowStats::look(Batch batch, std::span<const Draft> drafts, const Forward& target) {
  cols_ = target.logits.cols;
  nodes_.number(batch, drafts, target);
  count();
  fill(target);
  launch();
}

void CudaRowStats::count() {
  softmaxes_ = tokens_ = 0;
  bool nucleus = false;
  for (std::size_t i = 0; i < nodes_.trees().size(); ++i) {
    const Asked& about = asked({i, 0});
    const DraftNodes::Tree& tree = nodes_.trees()[i];
    if (about.candidates) tokens_ += static_cast<std::size_t>(tree.size - 1);
    if (!about.probabilities) continue;
    softmaxes_ += static_cast<std::size_t>(tree.size);
    nucleus |= about.probabilities->top_p < 1;
  }
  rows_at_once_ = ProbabilitySpace::rows_at_once(softmaxes_, cols_, nucleus, options_.max_numbers);
  space_.require(rows_at_once_, nucleus ? rows_at_once_ : 0, cols_);
  wrong_.require(softmaxes_, "faults of rows");
}

void CudaRowStats::fill(const Forward& target) {
  upload_.begin();
  at_ = {.rows = upload_.add<FactRow>(static_cast<std::size_t>(nodes_.size())),
         .softmax = upload_.add<RowSoftmax>(softmaxes_),
         .tokens = upload_.add<std::int32_t>(tokens_)};
  upload_.lay_out();
  int softmax = 0, token = 0;
  runs_.assign(1, {});
  first_token_.clear();
  for (std::size_t i = 0; i < nodes_.trees().size(); ++i) {
    const Asked& about = asked({i, 0});
    const DraftNodes::Tree& tree = nodes_.trees()[i];
    for (int now = tree.begin; now < tree.begin + tree.size; ++now) {
      FactRow& row = upload_.host(at_.rows)[now];
      row = {.logits = target.logits[nodes_.row(tree, now)].as<float>(),
             .first = token,
             .ranks = about.ranks,
             .exp_neg_entropy = about.exp_neg_entropy};
      first_token_.push_back(token);
      if (about.candidates) {
        each_candidate(*tree.draft, nodes_.node(now),
                       [&](Token candidate) { upload_.host(at_.tokens)[token++] = candidate; });
      }
      row.count = token - row.first;
      if (about.probabilities) {
        const Sampling& s = *about.probabilities;
        if (static_cast<std::size_t>(softmax - runs_.back().first_softmax) == rows_at_once_)
          runs_.push_back({now, now, softmax, softmax});
        double* space = space_.row(static_cast<std::size_t>(softmax - runs_.back().first_softmax));
        upload_.host(at_.softmax)[softmax] = {row.logits, space, s.temperature, s.top_k, s.top_p};
        row.probabilities = space;
        row.wrong = wrong_.data() + softmax;
        row.temperature = s.temperature;
        runs_.back().softmax_end = ++softmax;
      }
      runs_.back().end = now + 1;
    }
  }
  upload_.send(*options_.stream);
}

void CudaRowStats::launch() {
  Stream& stream = *options_.stream;
  const auto nodes = static_cast<std::size_t>(nodes_.size());
  const std::size_t size = nodes * sizeof(RowFact) + tokens_ * sizeof(TokenFact);
  require_written(answers_, size, "facts of rows", stream);
  fetched_.require(size, "facts of rows, on the host");
  auto* facts = reinterpret_cast<RowFact*>(answers_.data());
  auto* token_facts = reinterpret_cast<TokenFact*>(facts + nodes);
  for (const Run& run : runs_) {
    row_probabilities({.rows = upload_.device(at_.softmax) + run.first_softmax,
                       .scratch = space_.nucleus(),
                       .wrong = wrong_.data() + run.first_softmax,
                       .count = run.softmax_end - run.first_softmax,
                       .cols = cols_},
                      stream);
    row_stats({.rows = upload_.device(at_.rows) + run.begin,
               .tokens = upload_.device(at_.tokens),
               .facts = facts + run.begin,
               .token_facts = token_facts,
               .count = run.end - run.begin,
               .cols = cols_},
              stream);
  }
  copy_bytes(fetched_.data(), answers_.data(), size, stream);
  stream.wait();
}

const RowFact& CudaRowStats::fact(At at) const {
  const DraftNodes::Tree& tree = nodes_.trees()[at.sequence];
  const int number = nodes_.number(tree, at.node);
  const RowFact& found = reinterpret_cast<const RowFact*>(fetched_.data())[number];
  if (found.likeliest < 0) logits_overflow(tree.row + at.node);
  return found;
}

TokenFact CudaRowStats::of(At at, Token token) const {
  const RowFact& row = fact(at);
  if (token == row.likeliest) return {row.probability, row.logit, 0};
  const DraftNodes::Tree& tree = nodes_.trees()[at.sequence];
  int index = first_token_[nodes_.number(tree, at.node)], found = -1;
  each_candidate(*tree.draft, at.node, [&](Token candidate) {
    if (candidate == token) found = index;
    ++index;
  });
  SPECLAB_CHECK(found >= 0, "token {} is no candidate below node {}", token, at.node);
  const std::byte* facts = fetched_.data() + static_cast<std::size_t>(nodes_.size()) * sizeof(RowFact);
  return reinterpret_cast<const TokenFact*>(facts)[found];
}

}  // namespace speclab
