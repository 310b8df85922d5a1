#pragma once

#include <memory>

#include "kernels/cuda/cuda_transformer.h"

namespace speclab {

// A model on the device whose rows are read on the host: each pass ends with their copy to pinned memory,
// which is part of its time. Results are those of the model within.
class HostRows : public LanguageModel {
 public:
  explicit HostRows(std::unique_ptr<CudaTransformer> inner) : inner_(std::move(inner)) {}

  CudaTransformer& inner() { return *inner_; }
  int vocab() const override { return inner_->vocab(); }
  int hidden() const override { return inner_->hidden(); }
  void tap(std::span<const int> layers) override { inner_->tap(layers); }
  void open(SequenceId sequence) override { inner_->open(sequence); }
  void close(SequenceId sequence) override { inner_->close(sequence); }
  int length(SequenceId sequence) const override { return inner_->length(sequence); }

  // ConfigError also where a logit is NaN or infinite.
  const Forward& forward(std::span<const Slice> batch) override;
  Work keep(std::span<const Kept> batch) override { return inner_->keep(batch); }
  Work rewind(std::span<const Rewound> batch) override { return inner_->rewind(batch); }

 private:
  std::unique_ptr<CudaTransformer> inner_;
  PinnedBuffer<float> values_;  // logits, hidden rows, tapped rows
  Forward forward_;
};

}  // namespace speclab
