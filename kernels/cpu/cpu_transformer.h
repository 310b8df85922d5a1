#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "core/language_model.h"
#include "kernels/cpu/cached_sequence.h"
#include "kernels/cpu/llama_pass.h"

namespace speclab {

// What may be chosen beside the model; nothing of it changes a result.
struct CpuOptions {
  const Arithmetic* arithmetic = nullptr;  // null: best_arithmetic()
  std::shared_ptr<ThreadTeam> team;        // null: one of its own. Models that take turns should share one.
};

// A transformer of the Llama family on the processor. A row's bits depend on its tokens alone: see
// Arithmetic.
class CpuTransformer : public LanguageModel {
 public:
  explicit CpuTransformer(LlamaWeights weights, CpuOptions options = {});

  const LlamaConfig& config() const { return weights_.config; }
  const LlamaWeights& weights() const { return weights_; }
  const std::shared_ptr<ThreadTeam>& team() const { return team_; }
  const std::shared_ptr<KvCache>& cache(SequenceId sequence) const { return find(sequence).cache; }

  int vocab() const override { return weights_.config.vocab; }
  int hidden() const override { return weights_.config.hidden; }
  void tap(std::span<const int> layers) override;
  void open(SequenceId sequence) override { open(sequence, std::make_shared<KvCache>(weights_.config)); }
  void close(SequenceId sequence) override { sequences_.close(sequence); }
  int length(SequenceId sequence) const override { return find(sequence).length; }

  // ConfigError where a text outgrows the model's positions, or where logits overflow.
  const Forward& forward(std::span<const SequenceInput> batch) override;

  Work commit(std::span<const Commit> batch) override;        // new_tokens: cache entries that moved
  Work truncate(std::span<const Truncation> batch) override;  // moves nothing

 protected:
  CachedSequence& find(SequenceId sequence) const { return sequences_.find(sequence); }
  void open(SequenceId sequence, std::shared_ptr<KvCache> cache) {
    sequences_.open(sequence, std::move(cache));
  }

 private:
  void evaluate();

  LlamaWeights weights_;
  std::shared_ptr<ThreadTeam> team_;
  LlamaPass pass_;
  OpenSequences<CachedSequence> sequences_;
  // Reused from call to call.
  std::vector<SequenceSlots*> in_batch_;
  std::vector<KvCache*> caches_;
  PassPlan plan_;
  AlignedBuffer<float> asked_;   // (rows, hidden_stride): the residual stream of asked rows
  AlignedBuffer<float> hidden_;  // (rows, hidden)
  AlignedBuffer<float> logits_;  // (rows, vocab)
  AlignedBuffer<float> tapped_;  // (rows, taps, hidden)
  Forward forward_;
};

// `directory` in Hugging Face layout; see core/models/checkpoint/checkpoint.h. ConfigError where it cannot be
// run.
std::unique_ptr<LanguageModel> load_cpu_model(const std::filesystem::path& directory,
                                              CpuOptions options = {});

// A model that has learnt nothing, for benchmarks.
std::unique_ptr<LanguageModel> random_cpu_model(const LlamaConfig& config, Dtype dtype, std::uint64_t seed,
                                                CpuOptions options = {});

}  // namespace speclab
