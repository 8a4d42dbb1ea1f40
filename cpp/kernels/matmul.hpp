// The product of two matrices, with a bias to each row.
//
// Each element is a chain of fused multiply-adds in the order of k, in blocks of k that are added
// one after another. Neither the number of threads nor the rows and columns beside it change it.
// The blocks are those in which torch's BLAS adds on processors with AVX2, so that float32 products
// of more than a few rows and columns have torch's bits there.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

// element(row, column) = data[row * row_stride + column * column_stride]
template <typename T>
struct Matrix {
  const T* data;
  int64_t row_stride, column_stride;
};

template <typename T>
struct MatmulKernels {
  // out (M, N) = a (M, K) b (K, N) + bias (N), bias null for none
  void (*matmul)(T* out, const Matrix<T>& a, const Matrix<T>& b, const T* bias, int64_t m,
                 int64_t n, int64_t k);
  // The same for each of a batch, (B, M, N) = (B, M, K) (B, K, N); steps lead from one to the next.
  void (*batch_matmul)(T* out, const Matrix<T>& a, const Matrix<T>& b, int64_t a_step,
                       int64_t b_step, int64_t batch, int64_t m, int64_t n, int64_t k);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<MatmulKernels> kMatmul;
}
#endif

}  // namespace penlight
