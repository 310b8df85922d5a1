#include "analysis/metrics.h"

#include <algorithm>
#include <map>

#include "analysis/setting_names.h"
#include "core/check.h"

namespace speclab {
namespace {

using Selection = PromptSelection;
using Value = std::optional<Estimate>;
using P = PromptTotals;

double steps(const P& p) { return static_cast<double>(p.steps); }
double drafted(const P& p) { return static_cast<double>(p.drafted); }
double proposed(const P& p) { return static_cast<double>(p.proposed); }
double accepted(const P& p) { return static_cast<double>(p.accepted); }
double emitted(const P& p) { return static_cast<double>(p.emitted); }
double judged(const P& p) { return static_cast<double>(p.accepted + p.steps); }
double overshoot(const P& p) { return judged(p) - emitted(p); }
double measured(const P& p) { return p.measured; }
double priced(const P& p) { return p.priced; }
double passes(const P& p) { return p.passes; }
double measured_whole(const P& p) { return p.measured + p.admission_measured; }
double priced_whole(const P& p) { return p.priced + p.admission_priced; }

// Steps that accepted at least so many.
double reached(const P& p, int depth) {
  double count = 0;
  for (std::size_t n = static_cast<std::size_t>(depth); n < p.by_accepted.size(); ++n) {
    count += static_cast<double>(p.by_accepted[n]);
  }
  return count;
}

// A share cannot leave [0, 1]; neither does its interval.
Value share(Value value) {
  if (value && value->interval) {
    value->interval = {std::max(0.0, value->interval->low), std::min(1.0, value->interval->high)};
  }
  return value;
}

// Every step emits a token.
Value at_least_one(Value value) {
  if (value && value->interval) value->interval->low = std::max(1.0, value->interval->low);
  return value;
}

using Read = double (*)(const P&);

template <Read top, Read bottom, Role role = Role::method>
Value over(const Selection& s, int) {
  if (role == Role::baseline && !s.has_baseline()) return std::nullopt;
  return ratio(s.grid(), s.cells(role, top), s.cells(role, bottom));
}

template <Read top, Read bottom>
Value share_over(const Selection& s, int position) {
  return share(over<top, bottom>(s, position));
}

template <Read top>
Value per_step(const Selection& s, int position) {
  return at_least_one(over<top, steps>(s, position));
}

// Sequences in a step, on the average; nothing where steps were not counted.
std::optional<double> mean_batch(const Selection& s, Role role) {
  std::int64_t sequences = 0, all = 0;
  for (const RunTotals& run : s.point().runs) {
    if (run.role() != static_cast<int>(role) || run.actors() == 0) continue;
    const TimeSums& whole = run.time(false, static_cast<int>(Actor::host), Op::step);
    sequences += whole.sequences;
    all += whole.charges;
  }
  if (sequences == 0) return std::nullopt;
  return static_cast<double>(sequences) / static_cast<double>(all);
}

template <Read seconds, Role role = Role::method>
Value per_sequence(const Selection& s, int position) {
  Value value = over<emitted, seconds, role>(s, position);
  const std::optional<double> batch = mean_batch(s, role);
  if (!value || !batch) return std::nullopt;
  value->value /= *batch;
  value->denominator *= *batch;
  if (value->interval) value->interval = {value->interval->low / *batch, value->interval->high / *batch};
  return value;
}

Value joint(const Selection& s, int position) {
  return share(ratio(s.grid(), s.cells(Role::method, [&](const P& p) { return reached(p, position); }),
                     s.cells(Role::method, drafted)));
}

Value conditional(const Selection& s, int position) {
  return share(ratio(s.grid(), s.cells(Role::method, [&](const P& p) { return reached(p, position); }),
                     s.cells(Role::method, [&](const P& p) { return reached(p, position - 1); })));
}

Value mean_of_prompts(const Selection& s, int) {
  const Cells tokens = s.cells(Role::method, emitted), all = s.cells(Role::method, steps);
  Cells means(tokens.size()), ones(tokens.size(), 1.0);
  for (std::size_t i = 0; i < tokens.size(); ++i) means[i] = all[i] > 0 ? tokens[i] / all[i] : 0;
  return at_least_one(ratio(s.grid(), means, ones));
}

// The baseline's time per token over the method's.
template <Read seconds>
Value speedup(const Selection& s, int) {
  if (!s.has_baseline()) return std::nullopt;
  return ratio_of_ratios(s.grid(), s.cells(Role::baseline, seconds), s.cells(Role::baseline, emitted),
                         s.cells(Role::method, seconds), s.cells(Role::method, emitted));
}

template <Read seconds>
Value step_cost(const Selection& s, int) {
  if (!s.has_baseline()) return std::nullopt;
  return ratio_of_ratios(s.grid(), s.cells(Role::method, seconds), s.cells(Role::method, steps),
                         s.cells(Role::baseline, seconds), s.cells(Role::baseline, steps));
}

// The measured speedup over the one that `seconds` give: the runs' tokens cancel.
template <Read seconds>
Value measured_of(const Selection& s, int) {
  if (!s.has_baseline()) return std::nullopt;
  return ratio_of_ratios(s.grid(), s.cells(Role::baseline, measured), s.cells(Role::baseline, seconds),
                         s.cells(Role::method, measured), s.cells(Role::method, seconds));
}

Value measured_of_calibrated(const Selection& s, int position) {
  if (s.point().setting(kPriceKind) != kCalibrated) return std::nullopt;
  return measured_of<priced>(s, position);
}

enum class Part { target, draft, host_draft, judge, keep, rest };

Part part_of(int actor, Op op) {
  if (op == Op::commit || op == Op::truncate) return Part::keep;
  if (is_pass(static_cast<Actor>(actor), op))
    return actor == static_cast<int>(Actor::target) ? Part::target : Part::draft;
  if (op == Op::draft) return Part::host_draft;
  if (op == Op::judge) return Part::judge;
  return Part::rest;
}

// Of all steps of the point: passes are shared by the prompts of a batch, of whatever label.
template <Part part, Seconds TimeSums::*seconds>
Value time_share(const Selection& s, int) {
  Estimate found;
  for (const RunTotals& run : s.point().runs) {
    if (run.role() != static_cast<int>(Role::method)) continue;
    for (int actor = 0; actor < run.actors(); ++actor) {
      for (int op = 0; op < kOps; ++op) {
        const double time = run.time(false, actor, static_cast<Op>(op)).*seconds;
        found.denominator += time;
        if (part_of(actor, static_cast<Op>(op)) == part) found.numerator += time;
      }
    }
  }
  if (!(found.denominator > 0)) return std::nullopt;
  found.value = found.numerator / found.denominator;
  return found;
}

Value outside_of_passes(const Selection& s, int position) {
  const Value target = time_share<Part::target, &TimeSums::measured>(s, position);
  if (!target) return std::nullopt;
  Estimate found = *target;
  found.numerator = found.denominator - target->numerator -
                    time_share<Part::draft, &TimeSums::measured>(s, position)->numerator;
  found.value = found.numerator / found.denominator;
  return found;
}

Value same_text(const Selection& s, int) {
  if (!s.has_baseline() || s.grid().prompts == 0) return std::nullopt;
  std::map<int, std::uint64_t> plain;
  for (const SequenceRecord& r : s.point().sequences) {
    if (r.role == static_cast<int>(Role::baseline) && r.repeat == 0) plain[r.sequence] = r.signature;
  }
  Estimate found;
  for (const SequenceRecord& r : s.point().sequences) {
    if (r.role != static_cast<int>(Role::method) || r.repeat != 0 || !plain.contains(r.sequence)) continue;
    ++found.denominator;
    if (plain[r.sequence] == r.signature) ++found.numerator;
  }
  if (!(found.denominator > 0)) return std::nullopt;
  found.value = found.numerator / found.denominator;
  return found;
}

constexpr auto kHigher = Better::higher;
constexpr auto kLower = Better::lower;
constexpr auto kNeither = Better::neither;
constexpr const char* kWholeBatch = "of the whole batch: all its sequences together";
constexpr const char* kOneSequence = "of one sequence: what its reader sees";
constexpr const char* kOfAllSteps = "of all the point's steps, whatever the label; admission (prefill) apart";

constexpr Metric kMetrics[] = {
    {"tokens_per_step", "tokens", kHigher, "emitted / steps",
     "with the bonus token; tokens past the text's end are not counted; ratio of sums. Elsewhere: mean "
     "acceptance "
     "length, tau",
     false, per_step<emitted>},
    {"tokens_per_step_uncut", "tokens", kHigher, "(accepted + steps) / steps",
     "with the bonus token and with what was cut at the text's end", false, per_step<judged>},
    {"tokens_per_step_prompt_mean", "tokens", kHigher, "mean over prompts of emitted / steps",
     "a mean of ratios (Spec-Bench); weighs short texts more", false, mean_of_prompts},
    {"mean_accepted", "tokens", kHigher, "accepted / steps", "without the bonus token (gpt-fast)", false,
     over<accepted, steps>},
    {"mean_accepted_drafting", "tokens", kHigher, "accepted / drafting steps",
     "without the bonus token; only steps that proposed something", false, over<accepted, drafted>},
    {"acceptance_rate", "share", kHigher, "accepted / proposed",
     "per proposed node, not the alpha of a single token: of a tree at most one path can be accepted", false,
     share_over<accepted, proposed>},
    {"acceptance_joint", "share", kHigher, "drafting steps that accepted at least n / drafting steps",
     "all of the first n positions (vLLM's per-position rate); a draft that ends before n counts as rejected",
     true, joint},
    {"acceptance_conditional", "share", kHigher, "steps that accepted at least n / at least n - 1",
     "given that the positions before were accepted; a draft that ends before n counts as rejected", true,
     conditional},
    {"draft_coverage", "share", kNeither, "drafting steps / steps", "steps that proposed at least one node",
     false, share_over<drafted, steps>},
    {"proposed_per_drafting_step", "nodes", kNeither, "proposed / drafting steps",
     "the root is not counted; probes are not counted", false, over<proposed, drafted>},
    {"overshoot", "share", kLower, "(accepted + steps - emitted) / (accepted + steps)",
     "tokens that were won and then cut at the text's end", false, share_over<overshoot, judged>},
    {"same_text", "share", kNeither, "prompts whose text equals the baseline's / prompts",
     "of all the point's prompts; 1 is expected at temperature 0 of a lossless method, and only there", false,
     same_text},
    {"measured_tokens_per_second", "tokens/s", kHigher, "emitted / measured seconds of steps",
     "decoding only; of the whole batch: all its sequences together", false, over<emitted, measured>},
    {"measured_tokens_per_second_per_sequence", "tokens/s", kHigher,
     "measured_tokens_per_second / sequences in a step", kOneSequence, false, per_sequence<measured>},
    {"priced_tokens_per_second", "tokens/s", kHigher, "emitted / priced seconds of steps",
     "decoding only; of the whole batch: all its sequences together; a price, not a measurement", false,
     over<emitted, priced>},
    {"priced_tokens_per_second_per_sequence", "tokens/s", kHigher,
     "priced_tokens_per_second / sequences in a step", kOneSequence, false, per_sequence<priced>},
    {"baseline_measured_tokens_per_second", "tokens/s", kHigher, "the same of the baseline", kWholeBatch,
     false, over<emitted, measured, Role::baseline>},
    {"baseline_measured_tokens_per_second_per_sequence", "tokens/s", kHigher, "the same of the baseline",
     kOneSequence, false, per_sequence<measured, Role::baseline>},
    {"baseline_priced_tokens_per_second", "tokens/s", kHigher, "the same of the baseline", kWholeBatch, false,
     over<emitted, priced, Role::baseline>},
    {"baseline_priced_tokens_per_second_per_sequence", "tokens/s", kHigher, "the same of the baseline",
     kOneSequence, false, per_sequence<priced, Role::baseline>},
    {"measured_speedup", "ratio", kHigher, "baseline's measured seconds per token / the method's",
     "decoding only: prefill is out, the draft model's too", false, speedup<measured>},
    {"measured_speedup_with_prefill", "ratio", kHigher,
     "baseline's measured seconds per token / the method's", "admission (prefill) and decoding", false,
     speedup<measured_whole>},
    {"accounted_speedup", "ratio", kHigher, "baseline's measured seconds of passes per token / the method's",
     "decoding only, as if nothing but passes of target and draft models took time: what perfect accounting "
     "of the measured passes, without overlap, allows",
     false, speedup<passes>},
    {"measured_of_accounted", "ratio", kHigher, "measured_speedup / accounted_speedup",
     "below 1: the method's steps have more time outside of passes, in proportion, than the baseline's",
     false, measured_of<passes>},
    {"priced_speedup", "ratio", kHigher, "baseline's priced seconds per token / the method's",
     "decoding only; a price, not a measurement", false, speedup<priced>},
    {"priced_speedup_with_prefill", "ratio", kHigher, "baseline's priced seconds per token / the method's",
     "admission (prefill) and decoding; a price", false, speedup<priced_whole>},
    {"measured_of_calibrated", "ratio", kNeither, "measured_speedup / priced_speedup",
     "only where prices are passes timed on this machine (price.kind = calibrated): how well they foretell "
     "it",
     false, measured_of_calibrated},
    {"measured_step_cost", "ratio", kLower, "the method's measured seconds per step / the baseline's", "",
     false, step_cost<measured>},
    {"priced_step_cost", "ratio", kLower, "the method's priced seconds per step / the baseline's", "", false,
     step_cost<priced>},
    {"measured_share_target", "share", kNeither, "target passes / measured seconds", kOfAllSteps, false,
     time_share<Part::target, &TimeSums::measured>},
    {"measured_share_draft", "share", kNeither, "draft models' passes / measured seconds", kOfAllSteps, false,
     time_share<Part::draft, &TimeSums::measured>},
    {"measured_share_host_draft", "share", kNeither, "the drafter's own time / measured seconds", kOfAllSteps,
     false, time_share<Part::host_draft, &TimeSums::measured>},
    {"measured_share_judge", "share", kNeither, "the rule / measured seconds", kOfAllSteps, false,
     time_share<Part::judge, &TimeSums::measured>},
    {"measured_share_keep", "share", kNeither, "keep and rewind / measured seconds", kOfAllSteps, false,
     time_share<Part::keep, &TimeSums::measured>},
    {"measured_share_host", "share", kNeither, "what is no pass of a model / measured seconds", kOfAllSteps,
     false, outside_of_passes},
    {"measured_share_rest", "share", kNeither, "what is left of steps / measured seconds", kOfAllSteps, false,
     time_share<Part::rest, &TimeSums::measured>},
    {"priced_share_target", "share", kNeither, "target passes / priced seconds", kOfAllSteps, false,
     time_share<Part::target, &TimeSums::priced>},
    {"priced_share_draft", "share", kNeither, "draft models' passes / priced seconds", kOfAllSteps, false,
     time_share<Part::draft, &TimeSums::priced>},
};

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

const Metric& metric(std::string_view name) {
  const auto found = std::ranges::find(kMetrics, name, &Metric::name);
  SPECLAB_CHECK(found != std::end(kMetrics), "no metric {}", name);
  return *found;
}

Value evaluate(std::string_view name, const PromptSelection& selection, int position) {
  if (selection.grid().prompts == 0 || selection.grid().repeats == 0) return std::nullopt;
  return metric(name).value(selection, position);
}

}  // namespace speclab
