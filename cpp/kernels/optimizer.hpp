// Optimisers: one step of SGD, Adagrad and Adam over all parameters of a group.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

// One parameter and what is kept for it. The arrays have `size` elements and do not overlap.
template <typename T>
struct OptimizerPart {
  T* param;
  const T* grad;
  T* state[3];          // SGD: momentum; Adagrad: sum; Adam: both moments, and the largest second
  const int64_t* rows;  // the rows to step, each once; null for all elements
  int64_t width;        // of a row
  int64_t size;         // how many elements are stepped
  double step;          // the number of this step, from 1
};

struct SgdOptions {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize;
  bool first;  // the momentum buffers are to be filled with the gradient
};

struct AdagradOptions {
  double lr, lr_decay, weight_decay, eps;
  bool maximize;
};

struct AdamOptions {
  double lr, beta1, beta2, weight_decay, eps;
  bool decoupled;  // the decay shrinks the parameter instead of adding to the gradient
  bool maximize;
};

// Each step works on the elements of `count` parts, in blocks of a fixed size.
template <typename T>
struct OptimizerKernels {
  void (*sgd_step)(const OptimizerPart<T>* parts, int64_t count, const SgdOptions& options);
  void (*adagrad_step)(const OptimizerPart<T>* parts, int64_t count, const AdagradOptions& options);
  void (*adam_step)(const OptimizerPart<T>* parts, int64_t count, const AdamOptions& options);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<OptimizerKernels> kOptimizer;
}
#endif

}  // namespace penlight
