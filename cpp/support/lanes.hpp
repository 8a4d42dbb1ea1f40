// What kernels are made of: sums over a fixed number of lanes, branch-free exp, tanh and sigmoid
// that a plain loop over them vectorises, and vectors as wide as the level has.
//
// Everything is always inlined, in an anonymous namespace: a shared copy compiled for a wide level
// must never serve a narrow one.
#pragma once

#include <cstdint>

#define PENLIGHT_INLINE inline __attribute__((always_inline))

namespace penlight {
namespace {

// ---- elementary functions: exp within 1.5 ulp, tanh within 2.5; NaN gives NaN ---------------

template <typename T>
struct Format;

template <>
struct Format<float> {
  using Bits = uint32_t;
  using Signed = int32_t;
  static constexpr int kMantissa = 23;
  static constexpr Bits kBias = 127;
  static constexpr float kRound =
      0x1.8p23F;  // added, it leaves the nearest integer in the low bits
  static constexpr float kLn2High = 0x1.62e4p-1F, kLn2Low = 0x1.7f7d1cp-20F;
  static constexpr float kExpLeast = -104.0F, kExpMost = 89.0F;  // beyond: 0 and infinity
  // (e^r - 1 - r) / r^2 interpolated at the Chebyshev nodes of |r| <= ln 2 / 2; error 8e-9
  static constexpr float kExp[] = {0.5F, 0x1.5554dcp-3F, 0x1.555518p-5F, 0x1.120be2p-7F,
                                   0x1.6d117cp-10F};
};

template <>
struct Format<double> {
  using Bits = uint64_t;
  using Signed = int64_t;
  static constexpr int kMantissa = 52;
  static constexpr Bits kBias = 1023;
  static constexpr double kRound = 0x1.8p52;
  static constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr double kExpLeast = -746.0, kExpMost = 710.0;
  // the same with ten terms; error 1.3e-17
  static constexpr double kExp[] = {
      0x1.0000000000001p-1,  0x1.5555555555556p-3,  0x1.5555555553d37p-5,  0x1.11111111109a6p-7,
      0x1.6c16c1789d1d7p-10, 0x1.a01a01a7cebcdp-13, 0x1.a019b8ca26fcfp-16, 0x1.71de0d85293b8p-19,
      0x1.2891d4ffbb0f9p-22, 0x1.af390ba7e6f47p-26};
};

// x = n ln 2 + r with |r| <= ln 2 / 2: gives n as bits (two's complement) and e^r - 1.
template <typename T>
PENLIGHT_INLINE T reduced_expm1(T x, typename Format<T>::Bits* n_bits) {
  using F = Format<T>;
  using Bits = typename F::Bits;
  const T shifted = x * T(1.44269504088896340736) + F::kRound;
  const T n = shifted - F::kRound;
  *n_bits = __builtin_bit_cast(Bits, shifted) - __builtin_bit_cast(Bits, F::kRound);
  const T r = (x - n * F::kLn2High) - n * F::kLn2Low;
  constexpr int kTerms = sizeof(F::kExp) / sizeof(T);
  T q = F::kExp[kTerms - 1];
  for (int i = kTerms - 2; i >= 0; --i) q = q * r + F::kExp[i];
  return r + r * r * q;
}

template <typename T>
PENLIGHT_INLINE T power_of_two(typename Format<T>::Bits n) {
  return __builtin_bit_cast(T, (n + Format<T>::kBias) << Format<T>::kMantissa);
}

template <typename T>
PENLIGHT_INLINE T exp_lane(T x) {
  using F = Format<T>;
  using Bits = typename F::Bits;
  x = x < F::kExpLeast ? F::kExpLeast : x;  // these comparisons let NaN through
  x = x > F::kExpMost ? F::kExpMost : x;
  Bits n;
  const T p = reduced_expm1(x, &n);
  // 2^n in two factors, so that it may be subnormal or beyond the largest; 4096 keeps the shift
  // unsigned
  const Bits half = ((n + 4096) >> 1) - 2048;
  return (T(1) + p) * power_of_two<T>(half) * power_of_two<T>(n - half);
}

template <typename T>
PENLIGHT_INLINE T sigmoid_lane(T x) {
  return T(1) / (T(1) + exp_lane(-x));
}

// tanh |x| = -e / (e + 2) with e = expm1(-2 |x|), which keeps small arguments exact.
template <typename T>
PENLIGHT_INLINE T tanh_lane(T x) {
  using Bits = typename Format<T>::Bits;
  T y = T(-2) * (x < 0 ? -x : x);
  y = y < T(-40) ? T(-40) : y;
  Bits n;
  const T p = reduced_expm1(y, &n);
  const T scale = power_of_two<T>(n);
  const T e = scale * p + (scale - T(1));
  const T magnitude = -e / (e + T(2));
  constexpr Bits kSign = Bits(1) << (8 * sizeof(T) - 1);
  return __builtin_bit_cast(
      T, (__builtin_bit_cast(Bits, magnitude) & ~kSign) | (__builtin_bit_cast(Bits, x) & kSign));
}

// ---- reductions: sixteen accumulators on every machine, so every level adds in the same order
// -----

constexpr int kLanes = 16;

template <typename T>
struct Sum {
  T lane[kLanes] = {};

  PENLIGHT_INLINE void add(const T* x, int64_t n) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
      for (int l = 0; l < kLanes; ++l) lane[l] += x[i + l];
    for (int l = 0; i + l < n; ++l) lane[l] += x[i + l];
  }

  PENLIGHT_INLINE void add_products(const T* x, const T* y, int64_t n) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
      for (int l = 0; l < kLanes; ++l) lane[l] += x[i + l] * y[i + l];
    for (int l = 0; i + l < n; ++l) lane[l] += x[i + l] * y[i + l];
  }

  PENLIGHT_INLINE T total() {
    for (int width = kLanes / 2; width > 0; width /= 2)
      for (int l = 0; l < width; ++l) lane[l] += lane[l + width];
    return lane[0];
  }
};

// The largest of n > 0 values; which one is unspecified among NaN, whose sums say so anyway.
template <typename T>
PENLIGHT_INLINE T largest(const T* x, int64_t n) {
  T lane[kLanes];
  for (int l = 0; l < kLanes; ++l) lane[l] = x[0];
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lane[l] = lane[l] < x[i + l] ? x[i + l] : lane[l];
  for (int l = 0; i + l < n; ++l) lane[l] = lane[l] < x[i + l] ? x[i + l] : lane[l];
  T most = lane[0];
  for (int l = 1; l < kLanes; ++l) most = most < lane[l] ? lane[l] : most;
  return most;
}

// ---- vectors of the level's width, for loops that must stay in registers
// --------------------------

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kTileRows = 8;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
constexpr int kTileRows = 4;
#else
constexpr int kVectorBytes = 16;
constexpr int kTileRows = 4;
#endif

template <typename T>
struct VectorOf {
  typedef T Type __attribute__((vector_size(kVectorBytes)));
  typedef T Unaligned __attribute__((vector_size(kVectorBytes), aligned(alignof(T)), may_alias));
  static constexpr int kSize = kVectorBytes / sizeof(T);
};

}  // namespace
}  // namespace penlight
