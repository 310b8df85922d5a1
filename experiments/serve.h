#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/decoder.h"

namespace speclab {

// Whoever watches a run.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void admit(const Sequence& sequence, std::span<const Charge> charges) = 0;
  virtual void step(std::int64_t index, std::span<const StepRow> rows, std::span<const Charge> charges) = 0;
  virtual void retire(const Sequence& sequence) = 0;
};

// Decodes all sequences, `batch` at once: admit while there is room, step, retire the finished.
void serve(Decoder& decoder, Clock& clock, std::span<Sequence> sequences, int batch, RunObserver& observer);

// Asked for by the user (Ctrl-C): ends a run between two steps.
class Interrupted : public std::exception {};
void request_interrupt();  // async-signal-safe
bool interrupt_requested();

}  // namespace speclab
