#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "kernels/cuda/cuda_eagle.h"
#include "kernels/cuda/cuda_heads.h"
#include "kernels/cuda/cuda_transformer.h"

namespace speclab {

// The rows of a pass on the device, copied to the host; they live until the next call.
class CopiedRows {
 public:
  const Forward& read(const Forward& pass, Stream& stream);

 private:
  std::vector<float> values_;
  Forward forward_;
};

// A model on the device whose rows are read on the host. Results are those of the model within.
template <class Model, class Inner>
class RowsOfModel : public Model {
 public:
  explicit RowsOfModel(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}

  Inner& inner() const { return *inner_; }
  int vocab() const override { return inner_->vocab(); }
  void open(SequenceId sequence) override { inner_->open(sequence); }
  void close(SequenceId sequence) override { inner_->close(sequence); }
  int length(SequenceId sequence) const override { return inner_->length(sequence); }

  // ConfigError also where a logit is NaN or infinite.
  const Forward& forward(std::span<const SequenceInput> batch) override {
    const Forward& read = rows_.read(inner_->forward(batch), *inner_->stream());
    inner_->finish();
    return read;
  }
  Work commit(std::span<const Commit> batch) override { return inner_->commit(batch); }
  Work truncate(std::span<const Truncation> batch) override { return inner_->truncate(batch); }

 private:
  std::unique_ptr<Inner> inner_;
  CopiedRows rows_;
};

class HostRows : public RowsOfModel<LanguageModel, CudaTransformer> {
 public:
  using RowsOfModel::RowsOfModel;
  int hidden() const override { return inner().hidden(); }
  void tap(std::span<const int> layers) override { inner().tap(layers); }
};

class HostFeatureRows : public RowsOfModel<FeatureModel, CudaEagle> {
 public:
  using RowsOfModel::RowsOfModel;
  int guessable() const override { return inner().guessable(); }
  std::span<const int> taps() const override { return inner().taps(); }
  void set_features(SequenceId sequence, Row feature) override { inner().set_features(sequence, feature); }
  void tell_all(std::span<const FeatureRow> features) override { inner().tell_all(features); }
};

// The same for heads.
class HostHeadRows : public DraftHeads {
 public:
  explicit HostHeadRows(std::unique_ptr<CudaHeads> inner) : inner_(std::move(inner)) {}

  int count() const override { return inner_->count(); }
  int usual() const override { return inner_->usual(); }
  int vocab() const override { return inner_->vocab(); }
  void open(SequenceId sequence) override { inner_->open(sequence); }
  void close(SequenceId sequence) override { inner_->close(sequence); }
  void set_hidden(SequenceId sequence, Row hidden) override { inner_->set_hidden(sequence, hidden); }
  bool has_hidden(SequenceId sequence) const override { return inner_->has_hidden(sequence); }
  // ConfigError also where a logit is NaN or infinite.
  const Forward& forward(std::span<const Question> questions) override;

 private:
  std::unique_ptr<CudaHeads> inner_;
  CopiedRows rows_;
};

}  // namespace speclab
