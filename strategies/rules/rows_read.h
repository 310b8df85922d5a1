#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/row_reader.h"
#include "core/rule_decorator.h"

namespace speclab {

// A rule that reads rows on the host, for rows that lie elsewhere.
class RowsRead : public RuleDecorator {
 public:
  RowsRead(std::unique_ptr<AcceptanceRule> rule, std::unique_ptr<RowReader> reader)
      : RuleDecorator(*rule), rule_(std::move(rule)), reader_(std::move(reader)) {}

  std::string judges_on() const override { return "host, on copies of the device's rows"; }
  void judge(Batch batch, std::span<const Draft> drafts, const Forward& target,
             std::span<Verdict> verdicts) override;

 private:
  std::unique_ptr<AcceptanceRule> rule_;
  std::unique_ptr<RowReader> reader_;
};

}  // namespace speclab
