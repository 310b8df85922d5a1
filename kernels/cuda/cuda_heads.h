#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/draft_heads.h"
#include "kernels/cuda/cuda_transformer.h"
#include "kernels/cuda/device_linear.h"
#include "kernels/cuda/packed_upload.h"
#include "kernels/cuda/part_flags.h"
#include "kernels/cuda/pass_graphs.h"
#include "kernels/cuda/remembered_rows.h"
#include "kernels/llama/head_weights.h"

namespace speclab {

// Medusa's and Hydra's heads on the device of their target, in its stream. They borrow its embeddings, and
// its head where they have none of their own. A row's bits depend on its question alone: see FewRowsProduct.
// Passes are captured where the target's are.
class CudaHeads : public DraftHeads {
 public:
  // `weights` were loaded for a HeadTarget without matrices; `target` outlives this.
  CudaHeads(const HeadWeights& weights, const CudaTransformer& target);
  ~CudaHeads() override;

  const std::shared_ptr<Stream>& stream() const { return stream_; }
  std::size_t graphs() const { return graphs_.captured(); }
  int count() const override { return static_cast<int>(heads_.size()); }
  int usual() const override { return usual_; }
  int vocab() const override { return vocab_; }
  const std::vector<std::string>& remarks() const { return remarks_; }  // as HeadWeights has them
  void open(SequenceId sequence) override;
  void close(SequenceId sequence) override;
  void set_hidden(SequenceId sequence, Row hidden) override;  // copied in the stream; from the host too
  bool has_hidden(SequenceId sequence) const override { return find(sequence).told; }
  // Where logits overflow, `finish` or the next call says so.
  const Forward& forward(std::span<const Question> questions) override;

  // Waits for the last pass. ConfigError where it gave a logit that is NaN or infinite.
  void finish();

 private:
  struct Block {
    DeviceLinear linear, residual;
  };
  struct Head {
    std::vector<Block> blocks;
    DeviceLinear output;
    int first_inputs() const { return blocks.front().linear.inputs; }
  };
  struct Remembered {
    float* row = nullptr;
    bool told = false;
  };
  // Up to 64 questions of one head, and rows beyond that nobody reads, so that few sizes occur.
  struct Part {
    int head = 0, begin = 0, count = 0;  // of rows
    auto operator<=>(const Part&) const = default;
  };
  // What launches are made for.
  struct Size {
    std::vector<Part> parts;
    bool in_order = true;  // rows are as they were asked
    auto operator<=>(const Size&) const = default;
    std::size_t rows() const {
      return parts.empty() ? 0 : static_cast<std::size_t>(parts.back().begin + parts.back().count);
    }
  };

  const Remembered& find(SequenceId sequence) const;
  void arrange(std::span<const Question> questions);
  void send(std::span<const Question> questions);
  void answer_all();
  void answer(const Part& part, float* answers, std::int32_t* not_finite);
  void read_inputs(const Part& part, Dtype dtype);

  int hidden_, vocab_, usual_;
  std::vector<std::string> remarks_;
  bool reads_tokens_;
  const CudaWeights& target_;
  std::shared_ptr<Stream> stream_;
  DevicePieces pieces_;
  std::vector<Head> heads_;
  RememberedRows rows_;
  std::unordered_map<SequenceId, Remembered> sequences_;
  // Reused from call to call.
  std::vector<int> next_row_;  // by head
  std::vector<int> row_of_;    // by question
  Size size_;
  PackedUpload upload_;
  PackedUpload::At<const float*> features_;    // by row
  PackedUpload::At<std::int32_t> tokens_;      // (rows, heads)
  PackedUpload::At<int> row_at_;               // row_of_
  PackedUpload::At<std::int32_t> not_finite_;  // by part
  DeviceBuffer<std::uint16_t> rounded_;        // (64, the longest input)
  DeviceBuffer<float> x_, y_, residual_;       // (64, hidden)
  DeviceBuffer<float> answers_, logits_;       // (rows, vocab), by head and as they were asked
  PartFlags flags_;                            // of the last pass
  PassGraphs<Size> graphs_;
  Forward forward_;
};

// See load_medusa and load_hydra, and HeadTarget for `tokens`.
std::unique_ptr<CudaHeads> load_cuda_medusa(const std::filesystem::path& directory,
                                            const CudaTransformer& target, int tokens = 0);
std::unique_ptr<CudaHeads> load_cuda_hydra(const std::filesystem::path& directory,
                                           const CudaTransformer& target, int tokens = 0);

}  // namespace speclab
