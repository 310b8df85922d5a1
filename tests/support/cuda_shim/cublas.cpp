#include <cstdint>

#include "core/models/checkpoint/float16.h"
#include "tests/support/cuda_shim/cublas_v2.h"

struct cublasContext {
  cudaStream_t stream = nullptr;
};

namespace {

float element(const void* matrix, cudaDataType_t type, std::size_t index) {
  if (type == CUDA_R_32F) return static_cast<const float*>(matrix)[index];
  const std::uint16_t bits = static_cast<const std::uint16_t*>(matrix)[index];
  return type == CUDA_R_16F ? speclab::float_of_f16(bits) : speclab::float_of_bf16(bits);
}

}  // namespace

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = new cublasContext;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace(cublasHandle_t, void*, std::size_t) { return CUBLAS_STATUS_SUCCESS; }
const char* cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "success" : "invalid value";
}

// Column-major: c(m, n) = a'(k, m) b(k, n) + beta c(m, n), the only form in use.
cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m,
                            int n, int k, const void* alpha, const void* a, cudaDataType_t type_a, int lda,
                            const void* b, cudaDataType_t type_b, int ldb, const void* beta, void* c,
                            cudaDataType_t type_c, int ldc, cublasComputeType_t, cublasGemmAlgo_t) {
  const bool known = op_a == CUBLAS_OP_T && op_b == CUBLAS_OP_N && type_c == CUDA_R_32F && lda >= k &&
                     ldb >= k && ldc >= m && *static_cast<const float*>(alpha) == 1;
  const float before = *static_cast<const float*>(beta);
  if (!known) return CUBLAS_STATUS_INVALID_VALUE;
  const cudaError_t error = cuda_shim::enqueue(handle->stream, [=] {
    const auto at = [](int column, int stride, int row) {
      return static_cast<std::size_t>(column) * static_cast<std::size_t>(stride) +
             static_cast<std::size_t>(row);
    };
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < m; ++i) {
        float sum = 0;
        for (int l = 0; l < k; ++l)
          sum += element(a, type_a, at(i, lda, l)) * element(b, type_b, at(j, ldb, l));
        float& out = static_cast<float*>(c)[at(j, ldc, i)];
        out = before == 0 ? sum : sum + before * out;
      }
    }
  });
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}
