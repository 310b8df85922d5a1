#include "experiments/serve.h"

#include <atomic>

namespace speclab {
namespace {

std::atomic<bool> interrupted{false};

}  // namespace

void request_interrupt() { interrupted = true; }
bool interrupt_requested() { return interrupted; }

void serve(Decoder& decoder, Clock& clock, std::span<Sequence> sequences, int batch, RunObserver& observer) {
  std::vector<Sequence*> running;
  std::size_t next = 0;
  for (std::int64_t index = 0; next < sequences.size() || !running.empty(); ++index) {
    if (interrupted.load(std::memory_order_relaxed)) throw Interrupted();
    while (next < sequences.size() && running.size() < static_cast<std::size_t>(batch)) {
      Sequence& sequence = sequences[next++];
      decoder.admit(sequence);
      observer.admit(sequence, clock.settle());
      running.push_back(&sequence);
    }
    const int interval = clock.start();
    const std::span<const StepRow> rows = decoder.step(running);
    Work work{.op = Op::step, .sequences = static_cast<int>(running.size())};
    for (const StepRow& row : rows) work.new_tokens += row.emitted;
    clock.stop(interval, work);
    observer.step(index, rows, clock.settle());
    std::erase_if(running, [&](Sequence* sequence) {
      if (!sequence->finished()) return false;
      decoder.retire(*sequence);
      observer.retire(*sequence);
      return true;
    });
  }
}

}  // namespace speclab
