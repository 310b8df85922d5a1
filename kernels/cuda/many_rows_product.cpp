#include "kernels/cuda/many_rows_product.h"

#include <cublas_v2.h>
#include <fmt/format.h>

#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/number_conversion.h"

namespace speclab {
namespace {

void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    throw CudaError(fmt::format("cuBLAS: {} gave {}", call, cublasGetStatusString(status)));
  }
}

template <class T>
constexpr cudaDataType_t kType = CUDA_R_16BF;
template <>
constexpr cudaDataType_t kType<F16> = CUDA_R_16F;

}  // namespace

// A workspace of its own, so that a captured product finds it at every launch; 32 MiB is what NVIDIA advises.
ManyRowsProduct::ManyRowsProduct(Stream& stream)
    : workspace_(std::size_t{32} << 20, "the products' workspace") {
  check(cublasCreate(&handle_), "cublasCreate");
  check(cublasSetStream(handle_, stream.handle()), "cublasSetStream");
  check(cublasSetWorkspace(handle_, workspace_.data(), workspace_.size()), "cublasSetWorkspace");
}

ManyRowsProduct::~ManyRowsProduct() {
  if (handle_) cublasDestroy(handle_);
}

template <class T>
void ManyRowsProduct::multiply(const T* weights, const T* x, float* out, int rows, int inputs, int outputs,
                               int stride, bool add) {
  if (rows == 0) return;
  const float one = 1, before = add ? 1 : 0;
  check(cublasGemmEx(handle_, CUBLAS_OP_T, CUBLAS_OP_N, outputs, rows, inputs, &one, weights, kType<T>,
                     padded8(inputs), x, kType<T>, padded16(inputs), &before, out, CUDA_R_32F, stride,
                     CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
        "cublasGemmEx");
}

template void ManyRowsProduct::multiply(const Bf16*, const Bf16*, float*, int, int, int, int, bool);
template void ManyRowsProduct::multiply(const F16*, const F16*, float*, int, int, int, int, bool);

}  // namespace speclab
