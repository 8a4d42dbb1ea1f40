#include "kernels/pointwise.hpp"

#include <algorithm>

#include "support/lanes.hpp"
#include "support/parallel.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kChunkWork = 32768;  // elements worth a chunk of their own

constexpr double kRootHalf = 0.70710678118654752440;   // sqrt(1/2)
constexpr double kDensity = 0.39894228040143267794;    // 1 / sqrt(2 pi)
constexpr double kGeluScale = 0.79788456080286535588;  // sqrt(2 / pi)
constexpr double kGeluCube = 0.044715;

// ---- functions of an element x and options o ----------------------------------------------------

#define PENLIGHT_FUNCTION(name, ...)                                                \
  struct name##_of {                                                                \
    template <typename T>                                                           \
    PENLIGHT_INLINE T operator()(T x, [[maybe_unused]] const Options<T>& o) const { \
      return __VA_ARGS__;                                                           \
    }                                                                               \
  };

template <typename T>
PENLIGHT_INLINE T between(T x, T low, T high) {  // lets NaN through
  x = x < low ? low : x;
  return x > high ? high : x;
}

// The normal distribution below x, given exp(-x^2 / 2).
template <typename T>
PENLIGHT_INLINE T gelu_gate(T x, T exp_of_half_square) {
  const T beyond = T(0.5) * erf_tail((x < 0 ? -x : x) * T(kRootHalf), exp_of_half_square);
  return x < 0 ? beyond : T(1) - beyond;
}

// log(1 + e^x), without overflow
template <typename T>
PENLIGHT_INLINE T log_of_sum(T x) {
  return (x > 0 ? x : T(0)) + log1p_of_unit_lane(exp_lane(x > 0 ? -x : x));
}

template <typename T>
PENLIGHT_INLINE T gelu_bend(T x) {
  return tanh_lane(T(kGeluScale) * (x + T(kGeluCube) * x * x * x));
}

// tanh(log(1 + e^x)) = n / (n + 2) with n = e^x (e^x + 2)
template <typename T>
PENLIGHT_INLINE T mish_bend(T x) {
  const T e = exp_lane(x > T(40) ? T(40) : x);
  const T n = e * (e + T(2));
  return n / (n + T(2));
}

PENLIGHT_FUNCTION(exp, exp_lane(x))
PENLIGHT_FUNCTION(expm1, expm1_lane(x))
PENLIGHT_FUNCTION(log, log_lane(x))
PENLIGHT_FUNCTION(log1p, log1p_lane(x))
PENLIGHT_FUNCTION(erf, erf_lane(x))
PENLIGHT_FUNCTION(tanh, tanh_lane(x))
PENLIGHT_FUNCTION(sigmoid, sigmoid_lane(x))
PENLIGHT_FUNCTION(relu, x <= 0 ? T(0) : x)
PENLIGHT_FUNCTION(leaky_relu, (x * (x > 0 ? T(1) : o.a)))
PENLIGHT_FUNCTION(hardtanh, between(x, o.a, o.b))
PENLIGHT_FUNCTION(hardsigmoid, between(x + T(3), T(0), T(6)) / T(6))
PENLIGHT_FUNCTION(hardswish, (x * between(x + T(3), T(0), T(6)) / T(6)))
PENLIGHT_FUNCTION(elu, x <= 0 ? expm1_lane(x * o.c) * (o.a * o.b) : x * o.b)
PENLIGHT_FUNCTION(gelu, (x * gelu_gate(x, exp_lane(T(-0.5) * x * x))))
PENLIGHT_FUNCTION(gelu_tanh, T(0.5) * x * (T(1) + gelu_bend(x)))
PENLIGHT_FUNCTION(silu, x / (T(1) + exp_lane(-x)))
PENLIGHT_FUNCTION(mish, (x * mish_bend(x)))
PENLIGHT_FUNCTION(softplus, (x * o.a > o.b ? x : log_of_sum(x * o.a) / o.a))
PENLIGHT_FUNCTION(log_sigmoid, -log_of_sum(-x))

#undef PENLIGHT_FUNCTION

// ---- gradients: g is the gradient of the output, x the input, y the output ----------------------

#define PENLIGHT_GRADIENT(name, saved, ...)                                                  \
  struct name##_of {                                                                         \
    template <typename T>                                                                    \
    PENLIGHT_INLINE T operator()(T g, T saved, [[maybe_unused]] const Options<T>& o) const { \
      return __VA_ARGS__;                                                                    \
    }                                                                                        \
  };

template <typename T>
PENLIGHT_INLINE T gelu_slope(T x) {
  const T e = exp_lane(T(-0.5) * x * x);
  return gelu_gate(x, e) + x * (e * T(kDensity));
}

template <typename T>
PENLIGHT_INLINE T gelu_tanh_slope(T x) {
  const T bent = gelu_bend(x);
  const T inner = T(kGeluScale) * (T(1) + T(3 * kGeluCube) * x * x);
  return T(0.5) * (T(1) + bent) + T(0.5) * x * (T(1) - bent * bent) * inner;
}

template <typename T>
PENLIGHT_INLINE T silu_slope(T x) {
  const T gate = sigmoid_lane(x);
  return gate * (T(1) + x * (T(1) - gate));
}

template <typename T>
PENLIGHT_INLINE T mish_slope(T x) {
  const T bent = mish_bend(x);
  return bent + x * sigmoid_lane(x) * (T(1) - bent * bent);
}

PENLIGHT_GRADIENT(tanh_backward, y, (g * (T(1) - y * y)))
PENLIGHT_GRADIENT(sigmoid_backward, y, (g * ((T(1) - y) * y)))
PENLIGHT_GRADIENT(threshold_backward, x, x <= o.a ? T(0) : g)
PENLIGHT_GRADIENT(leaky_relu_backward, x, (g * (x > 0 ? T(1) : o.a)))
PENLIGHT_GRADIENT(hardtanh_backward, x, x <= o.a || x >= o.b ? T(0) : g)
PENLIGHT_GRADIENT(hardsigmoid_backward, x, x > T(-3) && x < T(3) ? g / T(6) : T(0))
PENLIGHT_GRADIENT(hardswish_backward, x,
                  x < T(-3) ? T(0) : (x <= T(3) ? g * (x / T(3) + T(0.5)) : g))
PENLIGHT_GRADIENT(elu_backward, x, x <= 0 ? g * ((o.a * o.b * o.c) * exp_lane(x * o.c)) : g * o.b)
PENLIGHT_GRADIENT(gelu_backward, x, (g * gelu_slope(x)))
PENLIGHT_GRADIENT(gelu_tanh_backward, x, (g * gelu_tanh_slope(x)))
PENLIGHT_GRADIENT(silu_backward, x, (g * silu_slope(x)))
PENLIGHT_GRADIENT(mish_backward, x, (g * mish_slope(x)))
PENLIGHT_GRADIENT(softplus_backward, x, (x * o.a > o.b ? g : g * sigmoid_lane(x * o.a)))
PENLIGHT_GRADIENT(log_sigmoid_backward, x, (g * sigmoid_lane(-x)))

#undef PENLIGHT_GRADIENT

// ---- arithmetic ---------------------------------------------------------------------------------

#define PENLIGHT_OPERATION(name, symbol)           \
  struct name##_of {                               \
    template <typename T>                          \
    PENLIGHT_INLINE T operator()(T x, T y) const { \
      return x symbol y;                           \
    }                                              \
  };

PENLIGHT_ARITHMETIC(PENLIGHT_OPERATION)

#undef PENLIGHT_OPERATION

// ---- the kernels --------------------------------------------------------------------------------

template <typename T, typename F>
void forward(T* out, const T* input, int64_t n, Options<T> options) {
  parallel_for(0, n, kChunkWork, [=](int64_t first, int64_t last) {
    T* __restrict to = out;
    const T* __restrict from = input;
    const Options<T> o = options;
    for (int64_t i = first; i < last; ++i) to[i] = F()(from[i], o);
  });
}

template <typename T, typename F>
void backward(T* grad_input, const T* grad, const T* saved, int64_t n, Options<T> options,
              bool same) {
  parallel_for(0, n, kChunkWork, [=](int64_t first, int64_t last) {
    T* __restrict to = grad_input;
    const T* __restrict from = saved;
    const Options<T> o = options;
    if (!same) {
      const T* __restrict g = grad;
      for (int64_t i = first; i < last; ++i) to[i] = F()(g[i], from[i], o);
      return;
    }
    const T g = *grad;
    for (int64_t i = first; i < last; ++i) to[i] = F()(g, from[i], o);
  });
}

// Each element depends on none but its own, also where `out` is an operand.
template <typename T, typename F>
void arithmetic(T* out, const T* input, const T* other, int64_t n, One one) {
  if (n == 0) return;
  const T x = *input, y = *other;
  parallel_for(0, n, kChunkWork, [=](int64_t first, int64_t last) {
    T* to = out;
    const T *a = input, *b = other;
    const T number_a = x, number_b = y;
    switch (one) {
      case One::kInput:
#pragma GCC ivdep
        for (int64_t i = first; i < last; ++i) to[i] = F()(number_a, b[i]);
        break;
      case One::kOther:
#pragma GCC ivdep
        for (int64_t i = first; i < last; ++i) to[i] = F()(a[i], number_b);
        break;
      case One::kNone:
#pragma GCC ivdep
        for (int64_t i = first; i < last; ++i) to[i] = F()(a[i], b[i]);
        break;
    }
  });
}

template <typename T>
void dropout_backward(T* grad_input, const T* grad, const bool* mask, int64_t n, T scale,
                      bool same) {
  const uint8_t* kept = reinterpret_cast<const uint8_t*>(mask);
  parallel_for(0, n, kChunkWork, [=](int64_t first, int64_t last) {
    T* __restrict to = grad_input;
    if (!same) {
      const T* __restrict g = grad;
      for (int64_t i = first; i < last; ++i) to[i] = g[i] * (static_cast<T>(kept[i]) * scale);
      return;
    }
    const T g = *grad;
    for (int64_t i = first; i < last; ++i) to[i] = g * (static_cast<T>(kept[i]) * scale);
  });
}

template <typename T>
constexpr PointwiseKernels<T> make() {
#define PENLIGHT_FORWARD(name, options) .name = forward<T, name##_of>,
#define PENLIGHT_BACKWARD(name, options) .name = backward<T, name##_of>,
#define PENLIGHT_OPERATION(name, symbol) .name = arithmetic<T, name##_of>,
  return {PENLIGHT_POINTWISE(PENLIGHT_FORWARD, PENLIGHT_BACKWARD)
              PENLIGHT_ARITHMETIC(PENLIGHT_OPERATION)
                  .dropout_backward = dropout_backward<T>};
#undef PENLIGHT_OPERATION
#undef PENLIGHT_FORWARD
#undef PENLIGHT_BACKWARD
}

}  // namespace

const Both<PointwiseKernels> kPointwise{make<float>(), make<double>()};

}  // namespace penlight::PENLIGHT_LEVEL
