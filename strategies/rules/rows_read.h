#pragma once

#include <memory>
#include <utility>

#include "core/acceptance_rule.h"
#include "core/row_reader.h"

namespace speclab {

// A rule that reads rows on the host, for rows that lie elsewhere.
class RowsRead : public AcceptanceRule {
 public:
  RowsRead(std::unique_ptr<AcceptanceRule> rule, std::unique_ptr<RowReader> reader)
      : rule_(std::move(rule)), reader_(std::move(reader)) {}

  bool lossless(const Sampling& sampling) const override { return rule_->lossless(sampling); }
  Needs needs() const override { return rule_->needs(); }
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override;

 private:
  std::unique_ptr<AcceptanceRule> rule_;
  std::unique_ptr<RowReader> reader_;
};

}  // namespace speclab
