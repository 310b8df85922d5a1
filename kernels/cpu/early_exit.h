#pragma once

#include "kernels/cpu/cpu_transformer.h"

namespace speclab {

// The first layers of a transformer, then its last norm and its head, as a model of its own (LayerSkip,
// Elhoushi et al. 2024, arXiv 2404.16710, section 4.3). It has no cache: what the whole model stored of the
// text serves it too, and what it adds beyond the text is overwritten by the whole model's next pass. So a
// sequence is open here only while it is open there, and both are asked to `keep`, the whole model first.
class EarlyExit : public CpuTransformer {
 public:
  // 1 <= layers < those of `whole`, which must outlive it; ConfigError otherwise.
  EarlyExit(CpuTransformer& whole, int layers);

  void open(SequenceId sequence) override;
  Work keep(std::span<const Kept> batch) override;       // moves nothing
  Work rewind(std::span<const Rewound> batch) override;  // moves nothing

 private:
  void follow(SequenceId sequence);

  CpuTransformer& whole_;
};

}  // namespace speclab
