#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "core/draft_heads.h"
#include "core/feature_model.h"
#include "core/models/sources/token_source.h"

namespace speclab {

// Heads whose row is the source's at a token that a hash of the question names: something that differs with
// every hidden row, head and token read, on a vocabulary small enough to look through.
class SourceHeads : public DraftHeads {
 public:
  explicit SourceHeads(std::shared_ptr<const TokenSource> source, int count = 3)
      : source_(std::move(source)), count_(count) {}

  int count() const override { return count_; }
  int vocab() const override { return source_->vocab(); }
  void open(SequenceId sequence) override;
  void close(SequenceId sequence) override;
  void set_hidden(SequenceId sequence, Row hidden) override;
  bool has_hidden(SequenceId sequence) const override;
  const Forward& forward(std::span<const Question> questions) override;

 private:
  std::shared_ptr<const TokenSource> source_;
  int count_;
  std::unordered_map<SequenceId, std::uint64_t> rows_;  // hashes; 0: none
  std::vector<float> values_;
  Forward forward_;
};

// Likewise a model that continues features. It minds the protocol: a text without its features is a broken
// invariant.
class SourceFeatures : public FeatureModel {
 public:
  explicit SourceFeatures(std::shared_ptr<const TokenSource> source) : source_(std::move(source)) {}

  int vocab() const override { return source_->vocab(); }
  std::span<const int> taps() const override { return {}; }
  void open(SequenceId sequence) override;
  void close(SequenceId sequence) override;
  int length(SequenceId sequence) const override;
  void set_features(SequenceId sequence, Row feature) override;
  const Forward& forward(std::span<const SequenceInput> batch) override;
  Work commit(std::span<const Commit> batch) override;
  Work truncate(std::span<const Truncation> batch) override;

 private:
  struct State {
    int length = 0;
    std::vector<std::uint64_t> told;  // hashes of features, by place
    std::vector<std::uint64_t> made;  // node -> hash of its row
  };
  State& find(SequenceId sequence);

  std::shared_ptr<const TokenSource> source_;
  std::unordered_map<SequenceId, State> states_;
  std::vector<float> values_;
  Forward forward_;
};

}  // namespace speclab
