#include "experiments/point/serve.h"

#include <atomic>
#include <memory>

namespace speclab {
namespace {

std::atomic<bool> interrupted{false};

// Who is running: first those that are to be decoded, in the order in which they came, then those that stand
// in.
class Places {
 public:
  Places(Decoder& decoder, Clock& clock, std::span<Sequence> sequences, int batch, const Refill& refill)
      : decoder_(decoder),
        clock_(clock),
        waiting_(sequences),
        batch_(static_cast<std::size_t>(batch)),
        refill_(refill) {}

  bool done() const { return waiting_.empty() && counted_ == 0; }
  Batch running() const { return running_; }
  std::size_t counted() const { return counted_; }

  template <class Admitted>
  void fill(const Admitted& admitted) {
    for (; !waiting_.empty() && running_.size() < batch_; ++counted_) {
      Sequence& sequence = waiting_.front();
      waiting_ = waiting_.subspan(1);
      decoder_.admit(sequence);
      running_.push_back(&sequence);
      admitted(sequence);
    }
    while (refill_ && running_.size() < batch_) {
      const Sequence& further = *further_.emplace_back(std::make_unique<Sequence>(refill_(made_++)));
      decoder_.admit(further);
      running_.push_back(further_.back().get());
      clock_.settle();  // nobody's
    }
  }

  template <class Ended>
  void retire_finished(const Ended& ended) {
    std::size_t counted = 0, at = 0;
    std::erase_if(running_, [&](const Sequence* sequence) {
      const bool own = at++ < counted_;
      if (!sequence->finished()) {
        counted += own ? 1 : 0;
        return false;
      }
      decoder_.retire(*sequence);
      if (own) ended(*sequence);
      return true;
    });
    counted_ = counted;
    std::erase_if(further_, [](const auto& sequence) { return sequence->finished(); });
  }

  void retire_further() {
    for (const auto& sequence : further_) decoder_.retire(*sequence);
    clock_.settle();
  }

 private:
  Decoder& decoder_;
  Clock& clock_;
  std::span<Sequence> waiting_;
  std::size_t batch_ = 1;
  const Refill& refill_;
  std::vector<Sequence*> running_;
  std::size_t counted_ = 0;  // of these, from the first: not standing in
  std::vector<std::unique_ptr<Sequence>> further_;
  int made_ = 0;
};

}  // namespace

void request_interrupt() { interrupted = true; }
bool interrupt_requested() { return interrupted; }

void serve(Decoder& decoder, Clock& clock, std::span<Sequence> sequences, int batch, RunObserver& observer,
           const Refill& refill) {
  Places places(decoder, clock, sequences, batch, refill);
  for (std::int64_t index = 0; !places.done(); ++index) {
    if (interrupted.load(std::memory_order_relaxed)) throw Interrupted();
    places.fill([&](const Sequence& sequence) { observer.admit(sequence, clock.settle()); });
    const int interval = clock.start();
    const std::span<const StepRow> rows = decoder.step(places.running());
    Work work{.op = Op::step, .sequences = static_cast<int>(rows.size())};
    for (const StepRow& row : rows) work.new_tokens += row.emitted;
    clock.stop(interval, work);
    observer.step(index, rows.first(places.counted()), clock.settle());
    places.retire_finished([&](const Sequence& sequence) { observer.retire(sequence); });
  }
  places.retire_further();
}

}  // namespace speclab
