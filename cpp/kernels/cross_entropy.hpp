// Cross-entropy of rows of logits, under class indices or probabilities, with its gradient; and the
// negative log likelihood of log-probabilities.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

enum class Reduction { kNone, kSum, kMean };

// Class indices, one for each row, and what a row of each class counts. Targets are below the
// number of classes or ignored.
template <typename T>
struct Classes {
  const int64_t* target;
  const T* weight;  // null: every class counts one
  int64_t ignore_index;
  Reduction reduction;

  bool counted(int64_t row) const { return target[row] != ignore_index; }
  T factor(int64_t row) const {
    return !counted(row) ? T(0) : weight == nullptr ? T(1) : weight[target[row]];
  }
};

template <typename T>
struct CrossEntropyKernels {
  // grad_input may be null.
  void (*cross_entropy)(T* out, T* grad_input, const T* input, const Classes<T>& classes,
                        double smoothing, int64_t n, int64_t c);
  void (*soft_cross_entropy)(T* out, T* grad_input, const T* input, const T* target,
                             const T* weight, Reduction reduction, double smoothing, int64_t n,
                             int64_t c);
  void (*nll_loss)(T* out, T* slopes, int64_t* places, const T* input, const Classes<T>& classes,
                   int64_t n, int64_t c, int64_t inner);
  void (*log_softmax_backward_picked)(T* grad_input, const int64_t* places, const T* values,
                                      const T* out, int64_t n, int64_t c);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<CrossEntropyKernels> kCrossEntropy;
}
#endif

}  // namespace penlight
