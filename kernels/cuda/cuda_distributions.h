#pragma once

#include <memory>
#include <vector>

#include "core/distributions.h"
#include "kernels/cuda/packed_upload.h"
#include "kernels/cuda/row_probabilities.h"

namespace speclab {

// Questions on rows in device memory, put into the stream that makes those rows; only tokens come back. All
// answers have the bits of HostDistributions. Sources of draws are CounterChances, which are moved on as if
// they had been asked.
class CudaDistributions : public Distributions {
 public:
  explicit CudaDistributions(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  ~CudaDistributions() override;

  Place place() const override { return Place::device; }
  void forget() override { block_ = used_ = 0; }  // what is in the stream still reads them before they change
  // A row with a NaN becomes zeros, from which `draw` draws nothing: it says so.
  void probabilities(std::span<const Softmax> questions, std::vector<Row>& answers) override;
  void likeliest(std::span<const Pick> questions, std::vector<Token>& answers) override;
  void gather(std::span<const Entry> questions, std::vector<double>& answers) override;
  void draw(std::span<const Draws> questions, std::vector<Token>& answers, std::vector<int>& drawn) override;

 private:
  double* new_row(int cols);
  // Device memory for so many numbers of an answer, and then their copy on the host.
  std::int32_t* room_for_answers(std::size_t count);
  const std::int32_t* fetch(std::size_t count);

  void soften(std::span<const Softmax> questions, std::vector<Row>& answers);
  void pick(std::span<const Pick> questions, std::vector<Token>& answers);
  void draw_tokens(std::span<const Draws> questions, std::vector<Token>& answers, std::vector<int>& drawn);

  std::shared_ptr<Stream> stream_;
  std::vector<DeviceBuffer<double>> blocks_;  // rows never move while they live
  std::size_t block_ = 0, used_ = 0;
  // Reused.
  PackedUpload upload_;
  DeviceBuffer<Candidate> candidates_;
  DeviceBuffer<double> rest_;
  DeviceBuffer<std::int32_t> answers_;
  PinnedBuffer<std::int32_t> fetched_;
  DeviceBuffer<double> gathered_;
  PinnedBuffer<double> gathered_on_host_;
};

}  // namespace speclab
