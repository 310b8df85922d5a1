#pragma once

#include "kernels/cuda/number.h"
#include "kernels/cuda/runtime.h"

struct cublasContext;

namespace speclab {

// Products of many rows, by cuBLAS. Unlike FewRowsProduct a row's last bits may depend on how many rows there
// are, because cuBLAS chooses its kernel by the size.
class ManyRowsProduct {
 public:
  explicit ManyRowsProduct(Stream& stream);
  ~ManyRowsProduct();
  ManyRowsProduct(const ManyRowsProduct&) = delete;
  ManyRowsProduct& operator=(const ManyRowsProduct&) = delete;

  // out(n, j) = [out(n, j) +] sum over k of x(n, k) w(j, k), as float. Shapes as in FewRowsProduct: weights
  // (outputs, padded8(inputs)), x (rows, padded16(inputs)), out (rows, stride).
  template <class T>
  void multiply(const T* weights, const T* x, float* out, int rows, int inputs, int outputs, int stride,
                bool add);

 private:
  DeviceBuffer<std::byte> workspace_;
  cublasContext* handle_ = nullptr;
};

}  // namespace speclab
