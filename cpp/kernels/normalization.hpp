// Normalisation of rows, of groups of channels and of channels over a batch, forward and backward.
// Arrays that may be null are marked so; a null weight is ones, a null bias zeros.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

// (N, C, S): S elements in each of C channels.
struct Channels {
  int64_t n, c, s;
};

// What a backward kernel writes, each if it is not null.
template <typename T>
struct NormGradients {
  T *input, *weight, *bias;
};

template <typename T>
struct NormalizationKernels {
  // A null mean leaves the rows uncentred: RMS.
  void (*layer_norm)(T* out, T* mean, T* rstd, const T* input, const T* weight, const T* bias,
                     double eps, int64_t n, int64_t l);
  void (*layer_norm_backward)(const NormGradients<T>& grads, const T* grad, const T* input,
                              const T* mean, const T* rstd, const T* weight, int64_t n, int64_t l);
  void (*group_norm)(T* out, T* mean, T* rstd, const T* input, const T* weight, const T* bias,
                     double eps, const Channels& size, int64_t groups);
  void (*group_norm_backward)(const NormGradients<T>& grads, const T* grad, const T* input,
                              const T* mean, const T* rstd, const T* weight, const Channels& size,
                              int64_t groups);
  void (*batch_moments)(T* mean, T* var, const T* input, const Channels& size);
  void (*batch_norm)(T* out, const T* input, const T* mean, const T* rstd, const T* weight,
                     const T* bias, const Channels& size);
  // `fixed`: mean and rstd are not the input's own, so no gradient flows through them.
  void (*batch_norm_backward)(const NormGradients<T>& grads, const T* grad, const T* input,
                              const T* mean, const T* rstd, const T* weight, bool fixed,
                              const Channels& size);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<NormalizationKernels> kNormalization;
}
#endif

}  // namespace penlight
