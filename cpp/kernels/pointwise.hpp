// Functions of one element, and their gradients, and arithmetic. A function is a line here and one
// in pointwise.cpp.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

// FORWARD(name, number of options): out = f(input, options).
// BACKWARD(name, number of options): grad_input = f(grad, saved, options), where saved is the input
// or the output.
#define PENLIGHT_POINTWISE(FORWARD, BACKWARD) \
  FORWARD(exp, 0)                             \
  FORWARD(expm1, 0)                           \
  FORWARD(log, 0)                             \
  FORWARD(log1p, 0)                           \
  FORWARD(erf, 0)                             \
  FORWARD(tanh, 0)                            \
  FORWARD(sigmoid, 0)                         \
  FORWARD(relu, 0)                            \
  FORWARD(leaky_relu, 1)                      \
  FORWARD(hardtanh, 2)                        \
  FORWARD(hardsigmoid, 0)                     \
  FORWARD(hardswish, 0)                       \
  FORWARD(elu, 3)                             \
  FORWARD(gelu, 0)                            \
  FORWARD(gelu_tanh, 0)                       \
  FORWARD(silu, 0)                            \
  FORWARD(mish, 0)                            \
  FORWARD(softplus, 2)                        \
  FORWARD(log_sigmoid, 0)                     \
  BACKWARD(tanh_backward, 0)                  \
  BACKWARD(sigmoid_backward, 0)               \
  BACKWARD(threshold_backward, 1)             \
  BACKWARD(leaky_relu_backward, 1)            \
  BACKWARD(hardtanh_backward, 2)              \
  BACKWARD(hardsigmoid_backward, 0)           \
  BACKWARD(hardswish_backward, 0)             \
  BACKWARD(elu_backward, 3)                   \
  BACKWARD(gelu_backward, 0)                  \
  BACKWARD(gelu_tanh_backward, 0)             \
  BACKWARD(silu_backward, 0)                  \
  BACKWARD(mish_backward, 0)                  \
  BACKWARD(softplus_backward, 2)              \
  BACKWARD(log_sigmoid_backward, 0)

// OPERATION(name, operator): out = input operator other.
#define PENLIGHT_ARITHMETIC(OPERATION) \
  OPERATION(add, +) OPERATION(sub, -) OPERATION(mul, *) OPERATION(div, /)

namespace penlight {

// What a function takes beside its element, in the order of the NumPy form.
template <typename T>
struct Options {
  T a{}, b{}, c{};
};

// Which operand is one number, the same for every element.
enum class One { kNone, kInput, kOther };

template <typename T>
struct PointwiseKernels {
#define PENLIGHT_MEMBER(name, options) void (*name)(T * out, const T* input, int64_t n, Options<T>);
#define PENLIGHT_BACKWARD_MEMBER(name, options)                    \
  /* Where `same`, one number is the gradient of every element. */ \
  void (*name)(T * grad_input, const T* grad, const T* saved, int64_t n, Options<T>, bool same);
#define PENLIGHT_ARITHMETIC_MEMBER(name, symbol)                                   \
  /* `out` may be an operand, but must not overlap one in another way. A number */ \
  /* is read before anything is written.                                        */ \
  void (*name)(T * out, const T* input, const T* other, int64_t n, One one);
  PENLIGHT_POINTWISE(PENLIGHT_MEMBER, PENLIGHT_BACKWARD_MEMBER)
  PENLIGHT_ARITHMETIC(PENLIGHT_ARITHMETIC_MEMBER)
  void (*dropout_backward)(T* grad_input, const T* grad, const bool* mask, int64_t n, T scale,
                           bool same);
#undef PENLIGHT_MEMBER
#undef PENLIGHT_BACKWARD_MEMBER
#undef PENLIGHT_ARITHMETIC_MEMBER
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<PointwiseKernels> kPointwise;
}
#endif

}  // namespace penlight
