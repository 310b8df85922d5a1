#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/cost/roofline.h"
#include "experiments/bench/cuda/device_timing.h"
#include "kernels/cuda/cuda_transformer.h"
#include "kernels/cuda/row_choice.h"

namespace speclab {

// A model on the device with texts in its cache, whose passes leave the texts as they are.
class ModelSubject {
 public:
  // `make` gets the stream that the timing's events are in.
  ModelSubject(DeviceTiming& timing,
               const std::function<std::unique_ptr<CudaTransformer>(std::shared_ptr<Stream>)>& make);

  // From now on so many sequences have texts of so many tokens, of which the last is not in the cache.
  void prepare(int sequences, int context);

  // One pass over the last token of each text and a tree of `nodes` below it, two branches at each node.
  struct Pass {
    double device_seconds = 0;  // see DeviceTiming::cold_seconds
    double host_seconds = 0;    // until the call comes back
    Work work;
    double bytes = 0;  // weights and cache that it has to read
  };
  Pass pass(int nodes);

  // Tokens that follow the text of each sequence, the likeliest ones, one pass after another; and the seconds
  // of one of them, from the host's view. Only tokens leave the device.
  struct Decoded {
    std::vector<Token> tokens;  // of the first sequence
    double seconds_per_step = 0;
  };
  Decoded decode(int steps);

  const CudaTransformer& model() const { return *model_; }

 private:
  const Forward& forward(int nodes);
  std::vector<Token> likeliest(const Rows& logits);
  void back_to_the_text();

  DeviceTiming& timing_;
  std::unique_ptr<CudaTransformer> model_;
  std::vector<std::vector<Token>> texts_;  // by sequence
  TokenTree tree_;
  std::vector<int> nodes_;
  std::vector<SequenceInput> slices_;
  std::vector<Truncation> rewound_;
  PinnedBuffer<const float*> row_pointers_on_host_;
  DeviceBuffer<const float*> row_pointers_;
  PinnedBuffer<std::int32_t> tokens_on_host_;
  DeviceBuffer<std::int32_t> tokens_;
};

}  // namespace speclab
