#include "strategies/rules/rows_read.h"

#include <vector>

namespace speclab {
namespace {

// Drafts whose scores can be read on the host, wherever they were.
std::vector<Draft> read_drafts(std::span<const Draft> drafts, RowReader& reader) {
  std::vector<Row> rows;
  const auto each = [](const Draft& draft, const auto& use) {
    for (int node = 0; node < draft.size(); ++node) {
      for (int proposer = 0; proposer < draft.proposers(); ++proposer) use(node, proposer);
    }
  };
  for (const Draft& draft : drafts) {
    each(draft, [&](int node, int proposer) { rows.push_back(draft.scores(node, proposer)); });
  }
  reader.read(rows);
  std::vector<Draft> all(drafts.begin(), drafts.end());
  auto row = rows.begin();
  for (Draft& draft : all) {
    each(draft, [&](int node, int proposer) { draft.set_scores(node, *row++, proposer); });
  }
  return all;
}

}  // namespace

void RowsRead::judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
                     std::span<Verdict> verdicts) {
  Forward on_host = target;
  on_host.logits = reader_->read(target.logits);
  inner_.judge(batch, read_drafts(drafts, *reader_), on_host, verdicts);
}

}  // namespace speclab
