#include "core/errors.h"
#include "experiments/point/cuda_backend.h"

namespace speclab {

std::unique_ptr<Backend> make_cuda_backend(int) {
  throw ConfigError(
      "target.device = 'cuda': this program was built without CUDA; build it where nvcc is found, or set "
      "target.device = 'cpu'");
}

}  // namespace speclab
