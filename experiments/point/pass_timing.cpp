#include "experiments/point/pass_timing.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/numerics/quantile.h"
#include "core/random/counter_rng.h"
#include "experiments/point/serve.h"

namespace speclab {
namespace {

constexpr int kTokens[] = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64};  // of each sequence
constexpr int kMaxNewTokens = 512;
constexpr int kTurns = 7;
// Before the timed passes of a turn, as many of the same size: in a run too a pass finds in the caches what
// one like it left there, and a device may prepare itself when a size comes a second time.
constexpr int kWarmUps = 5;
constexpr int kTimedInTurn = kTimedRepeats / kTurns;

// A text, and the chain that goes on after its last token.
struct TimedText {
  std::vector<Token> text;
  TokenTree chain;
};

class Timing {
 public:
  Timing(std::span<const TimedModel> models, Clock& clock, int sequences, int context)
      : models_(models), clock_(clock), cached_(context - 1), times_(models.size()) {
    std::iota(nodes_.begin(), nodes_.end(), 1);
    for (int i = 0; i < sequences; ++i) texts_.push_back(random_text(i));
    for (const TimedModel& timed : models) {
      const int room = timed.max_positions == 0 ? 0 : std::max(1, timed.max_positions - cached_);
      sizes_.push_back(timed.wanted ? pass_sizes(sequences, room) : std::vector<PassSize>());
      times_[sizes_.size() - 1].resize(sizes_.back().size());
    }
  }

  std::vector<PassTable> run() {
    for (const TimedModel& timed : models_) open(*timed.model);
    for (int turn = 0; turn < kTurns; ++turn) {
      for (std::size_t m = 0; m < models_.size(); ++m) {
        for (std::size_t s = 0; s < sizes_[m].size(); ++s) {
          if (interrupt_requested()) throw Interrupted();
          for (int i = 0; i < kWarmUps; ++i) pass(models_[m], sizes_[m][s]);
          for (int i = 0; i < kTimedInTurn; ++i) times_[m][s].push_back(pass(models_[m], sizes_[m][s]));
        }
      }
    }
    for (std::size_t m = models_.size(); m-- > 0;) {
      for (int i = 0; i < count(); ++i) models_[m].model->close(SequenceId{i});
    }
    clock_.settle();
    return tables();
  }

 private:
  int count() const { return static_cast<int>(texts_.size()); }

  TimedText random_text(int sequence) const {
    CounterRng chance(static_cast<std::uint64_t>(sequence), 0, 0);
    const std::vector<double> even(static_cast<std::size_t>(models_.front().model->vocab()), 1.0);
    const auto draw = [&] { return static_cast<Token>(chance.categorical(even)); };
    TimedText made{{}, TokenTree(0)};
    while (static_cast<int>(made.text.size()) <= cached_) made.text.push_back(draw());
    made.chain = TokenTree(made.text.back());
    for (int node = 0; node + 1 < std::ranges::max(kTokens); ++node) made.chain.add(node, draw());
    return made;
  }

  void open(LanguageModel& model) {
    for (int i = 0; i < count(); ++i) {
      const SequenceId id{i};
      model.open(id);
      const auto unseen = std::span(texts_[i].text)
                              .first(static_cast<std::size_t>(cached_))
                              .subspan(static_cast<std::size_t>(model.length(id)));
      const SequenceInput prompt{.sequence = id, .text = unseen, .give = PassOutput::nothing};
      if (!unseen.empty()) model.forward({&prompt, 1});
    }
    clock_.settle();
  }

  Seconds pass(const TimedModel& timed, const PassSize& size) {
    slices_.clear();
    rewound_.clear();
    for (int i = 0; i < size.sequences; ++i) {
      const TimedText& own = texts_[i];
      slices_.push_back({.sequence = SequenceId{i},
                         .text = std::span(own.text).last(1),
                         .tree = &own.chain,
                         .nodes = std::span(nodes_).first(static_cast<std::size_t>(size.tokens - 1))});
      rewound_.push_back({SequenceId{i}, cached_});
    }
    timed.model->forward(slices_);
    Seconds seconds = 0;
    for (const Charge& charge : clock_.settle()) {
      if (charge.work.actor == timed.actor && charge.work.op == Op::forward) seconds += charge.seconds;
    }
    timed.model->truncate(rewound_);
    clock_.settle();
    return seconds;
  }

  std::vector<PassTable> tables() {
    std::vector<PassTable> found(models_.size());
    for (std::size_t m = 0; m < models_.size(); ++m) {
      for (std::size_t s = 0; s < sizes_[m].size(); ++s) {
        const std::vector<Seconds>& times = times_[m][s];
        found[m].push_back({sizes_[m][s].sequences, sizes_[m][s].new_tokens(), quantile(times, 0.5),
                            quantile(times, 0.25), quantile(times, 0.75)});
      }
    }
    return found;
  }

  std::span<const TimedModel> models_;
  Clock& clock_;
  int cached_;  // of each text
  std::array<int, std::ranges::max(kTokens) - 1> nodes_{};
  std::vector<TimedText> texts_;
  std::vector<std::vector<PassSize>> sizes_;              // by model
  std::vector<std::vector<std::vector<Seconds>>> times_;  // by model and size
  std::vector<SequenceInput> slices_;
  std::vector<Truncation> rewound_;
};

}  // namespace

std::vector<PassSize> pass_sizes(int batch, int room) {
  std::vector<PassSize> sizes;
  const auto add = [&](const PassSize& size) {
    if (size.new_tokens() <= kMaxNewTokens && (room == 0 || size.tokens <= room)) sizes.push_back(size);
  };
  for (int sequences = 1; sequences < batch; sequences *= 2) add({sequences, 1});
  for (const int tokens : kTokens) add({batch, tokens});
  return sizes;
}

std::vector<PassTable> time_passes(std::span<const TimedModel> models, Clock& clock, int sequences,
                                   int context) {
  return Timing(models, clock, sequences, context).run();
}

}  // namespace speclab
