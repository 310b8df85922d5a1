#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/acceptance_rule.h"
#include "core/language_model.h"
#include "core/row_reader.h"
#include "core/sequence.h"

namespace speclab {

// What is certified: a method's target and rule, and how sequences are decoded to their ends, plainly or with
// verdicts from a rule that watches the method's own.
struct Subject {
  LanguageModel& target;
  AcceptanceRule& rule;
  RowReader& reader;  // of the target's rows
  std::function<void(std::span<Sequence>)> plainly;
  std::function<void(std::span<Sequence>, AcceptanceRule&)> by_method;
  std::uint64_t seed = 0;  // of the sequences' random streams, in the first round
  std::function<std::vector<Sequence>(std::uint64_t seed)> sequences = {};  // fresh ones
};

}  // namespace speclab
