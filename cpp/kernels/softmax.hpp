// Softmax and log-softmax along the middle of (outer, dim, inner).
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

template <typename T>
struct SoftmaxKernels {
  using Forward = void (*)(T* out, const T* input, int64_t outer, int64_t dim, int64_t inner);
  using Backward = void (*)(T* grad_input, const T* grad, const T* out, int64_t outer, int64_t dim,
                            int64_t inner);
  Forward softmax, log_softmax;
  Backward softmax_backward, log_softmax_backward;
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<SoftmaxKernels> kSoftmax;
}
#endif

}  // namespace penlight
