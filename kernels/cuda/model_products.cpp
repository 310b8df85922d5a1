#include "kernels/cuda/model_products.h"

#include "kernels/cuda/finite_rows.h"
#include "kernels/cuda/swiglu.h"

namespace speclab {

ModelProducts::ModelProducts(Stream& stream, int cublas_from, int max_rows, int widest_gate)
    : stream_(stream), cublas_from_(cublas_from) {
  if (cublas_from == kNever) return;
  cublas_.emplace(stream);
  gate_and_up_.require(static_cast<std::size_t>(max_rows) * 2 * static_cast<std::size_t>(widest_gate),
                       "activations of a pass");
}

template <class T>
void ModelProducts::multiply(const FewRowsProduct<T>& task, const DeviceMatrix& matrix) {
  if (task.rows < cublas_from_ || matrix.scales) return speclab::multiply(task, matrix, stream_);
  by_cublas(task, static_cast<const T*>(matrix.data));
}

template <class T>
void ModelProducts::by_cublas(const FewRowsProduct<T>& task, const T* weights) {
  if (task.finish == Finish::gate) {
    cublas_->multiply(weights, task.x, gate_and_up_.data(), task.rows, task.inputs, 2 * task.outputs,
                      2 * task.outputs, false);
    swiglu<T>({.y = gate_and_up_.data(),
               .out = static_cast<T*>(task.out),
               .rows = task.rows,
               .width = task.outputs},
              stream_);
    return;
  }
  float* out = static_cast<float*>(task.out);
  cublas_->multiply(weights, task.x, out, task.rows, task.inputs, task.outputs, task.stride,
                    task.finish == Finish::add);
  if (task.not_finite) check_finite({out, task.rows, task.outputs, task.not_finite}, stream_);
}

template void ModelProducts::multiply(const FewRowsProduct<Bf16>&, const DeviceMatrix&);
template void ModelProducts::multiply(const FewRowsProduct<F16>&, const DeviceMatrix&);

}  // namespace speclab
