#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/decoder.h"

namespace speclab {

// Watches a run; each event may be ignored.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void admit(const Sequence&, std::span<const Charge>) {}
  virtual void step(std::int64_t /*index*/, std::span<const StepRow>, std::span<const Charge>) {}
  virtual void retire(const Sequence&) {}
};

// The i-th further request, from 0, of an id that no other has.
using Refill = std::function<Sequence(int)>;

// Decodes all sequences, `batch` at once: admit while there is room, step, retire the finished. With `refill`
// every place stays taken to the end, as under a load that does not cease: once all are admitted, further
// requests stand in for those that ended, until the last of `sequences` does. They are in the steps and in
// their charges; the observer sees no row, admission or retirement of theirs, and what they wrote is dropped.
void serve(Decoder& decoder, Clock& clock, std::span<Sequence> sequences, int batch, RunObserver& observer,
           const Refill& refill = {});

// Asked for by the user (Ctrl-C): ends a run between two steps.
class Interrupted : public std::exception {};
void request_interrupt();  // async-signal-safe
bool interrupt_requested();

}  // namespace speclab
