#pragma once

#include <memory>
#include <vector>

#include "core/language_model.h"
#include "core/models/sources/token_source.h"

namespace speclab {

// A token source with the cache that makes it a model. Sequence ids index an array: keep them small.
class SourceModel : public LanguageModel {
 public:
  explicit SourceModel(std::shared_ptr<const TokenSource> source)
      : source_(std::move(source)), vocab_(source_->vocab()) {}

  int vocab() const override { return vocab_; }
  int hidden() const override { return vocab_; }  // a hidden row is the row of logits itself
  void open(SequenceId sequence) override;
  void close(SequenceId sequence) override;
  int length(SequenceId sequence) const override;
  const Forward& forward(std::span<const SequenceInput> batch) override;
  Work commit(std::span<const Commit> batch) override;
  Work truncate(std::span<const Truncation> batch) override;

 private:
  struct Cache {
    std::vector<std::uint64_t> text;     // after each token, the hash of all up to it
    std::vector<std::uint64_t> node;     // the same after each evaluated node
    std::vector<std::uint32_t> drafted;  // the draft in which a node was evaluated last
    std::uint32_t draft = 1;             // counts drafts: a new one forgets all nodes
    int nodes = 0;                       // how many are evaluated
    bool open = false;

    bool evaluated(int n) const {
      return static_cast<std::size_t>(n) < drafted.size() && drafted[n] == draft;
    }
    void forget_nodes() {
      ++draft;
      nodes = 0;
    }
  };
  Cache& cache(SequenceId sequence);
  const Cache& cache(SequenceId sequence) const;

  std::shared_ptr<const TokenSource> source_;
  int vocab_;
  std::vector<Cache> caches_;
  std::vector<float> values_;  // only grows
  Forward result_;
};

}  // namespace speclab
