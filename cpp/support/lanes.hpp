// What kernels are made of: sums over a fixed number of lanes, branch-free exponentials, logarithms
// and error functions that a plain loop over them vectorises, and vectors as wide as the level has.
//
// Everything is always inlined, in an anonymous namespace: a shared copy compiled for a wide level
// must never serve a narrow one.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#define PENLIGHT_INLINE inline __attribute__((always_inline))

namespace penlight {
namespace {

// ---- elementary functions: exp and log within 1.5 ulp, tanh, expm1, log1p and erf within 2.5; NaN
// gives NaN

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
  static constexpr float kLeastNormal = 0x1p-126F;
  static constexpr int kLogTerms = 4, kLog1pTerms = 7;
  // erf(x) / x - 1 in x^2 on [0, 1]; error 1e-9
  static constexpr float kErfNear[] = {0x1.06eba8p-3F,  -0x1.81273ep-2F, 0x1.ce2d1p-4F,
                                       -0x1.b7fabap-6F, 0x1.54127p-8F,   -0x1.a45088p-11F,
                                       0x1.4a569p-14F};
  // (1 - erf(x)) exp(x^2) / t in t - 0.75 for x >= 0, where t = 2.5 / (2.5 + x); error in erf 8e-9
  static constexpr float kErfTail[] = {0x1.462e7ep-1F, 0x1.1e4226p+0F,  0x1.2ea692p+0F,
                                       0x1.42c164p-1F, -0x1.50c5d6p-5F, -0x1.b52d88p-3F,
                                       0x1.ed653ap-6F};
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
  static constexpr double kLeastNormal = 0x1p-1022;
  static constexpr int kLogTerms = 10, kLog1pTerms = 16;
  // error 7e-18
  static constexpr double kErfNear[] = {
      0x1.06eba8214db68p-3,  -0x1.812746b0379c1p-2,  0x1.ce2f21a040f66p-4,  -0x1.b82ce31203772p-6,
      0x1.565bccfa44156p-8,  -0x1.c02db0665e53dp-11, 0x1.f9a2be4f731a1p-14, -0x1.f4ca838adb73bp-17,
      0x1.b981d78881a5dp-20, -0x1.5c131500d3f88p-23, 0x1.d76af6ca49787p-27, -0x1.ac9585a44fe29p-31};
  // error in erf 2e-18
  static constexpr double kErfTail[] = {
      0x1.462e7e23c576ep-1,  0x1.1e422f5668cb7p+0,  0x1.2ea5e2c2b76f6p+0,   0x1.42b7c9b295f79p-1,
      -0x1.461674c60e4bap-5, -0x1.b7362bf26253p-3,  -0x1.b8e4f663a3034p-13, 0x1.6271d59d087d4p-4,
      -0x1.06299e0f41462p-6, -0x1.224bc2720f9f5p-5, 0x1.580dac15d42ap-6,    0x1.1ab6405f2ebdbp-7,
      -0x1.fed2e91d7f479p-7, 0x1.0fc696f035e04p-8,  0x1.994dc87d3355dp-8,   -0x1.6e954b69ef46dp-8};
};

template <typename T, int kTerms>
PENLIGHT_INLINE T polynomial(const T (&coefficients)[kTerms], T x) {
  T sum = coefficients[kTerms - 1];
#pragma GCC unroll 32
  for (int i = kTerms - 2; i >= 0; --i) sum = sum * x + coefficients[i];
  return sum;
}

// x = n ln 2 + r with |r| <= ln 2 / 2: gives n as bits (two's complement) and e^r - 1.
template <typename T>
PENLIGHT_INLINE T reduced_expm1(T x, typename Format<T>::Bits* n_bits) {
  using F = Format<T>;
  using Bits = typename F::Bits;
  const T shifted = x * T(1.44269504088896340736) + F::kRound;
  const T n = shifted - F::kRound;
  *n_bits = __builtin_bit_cast(Bits, shifted) - __builtin_bit_cast(Bits, F::kRound);
  const T r = (x - n * F::kLn2High) - n * F::kLn2Low;
  return r + r * r * polynomial(F::kExp, r);
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

// exp of x <= 40, as where the largest of some numbers has been taken from each.
template <typename T>
PENLIGHT_INLINE T exp_below_lane(T x) {
  using F = Format<T>;
  x = x < F::kExpLeast ? F::kExpLeast : x;  // lets NaN through
  typename F::Bits n;
  const T p = reduced_expm1(x, &n);
  // 2^n may be subnormal: 2^(n + 64) is not, nor too large
  const T scale = power_of_two<T>(n + 64);
  return (scale + scale * p) * T(0x1p-64);
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

template <typename T>
PENLIGHT_INLINE T expm1_lane(T x) {
  using F = Format<T>;
  T y = x < T(-40) ? T(-40) : x;
  y = y > F::kExpMost ? F::kExpMost : y;
  typename F::Bits n;
  const T p = reduced_expm1(y, &n);
  const T half = power_of_two<T>(n - 1);  // 2^n itself may be beyond the largest
  return x == 0 ? x : T(2) * (half * p + (half - T(0.5)));
}

// log(1 + f) = f - f^2 / 2 + s (f^2 / 2 + r), where s = f / (2 + f) and
// r = 2 s^2 / 3 + 2 s^4 / 5 + ...: gives the last summand.
template <int kTerms, typename T>
PENLIGHT_INLINE T log_series(T f, T half_square) {
  const T s = f / (T(2) + f);
  const T z = s * s;
  T r = T(2) / T(2 * kTerms + 1);
#pragma GCC unroll 32
  for (int i = kTerms - 1; i > 0; --i) r = r * z + T(2) / T(2 * i + 1);
  return s * (half_square + r * z);
}

// x = 2^k m with m between the roots of 1/2 and 2.
template <typename T>
PENLIGHT_INLINE T log_lane(T x) {
  using F = Format<T>;
  using Bits = typename F::Bits;
  constexpr T kWhole = T(Bits(1) << F::kMantissa);  // the units of its mantissa are ones
  constexpr Bits kOne = F::kBias << F::kMantissa;
  constexpr Bits kToOne = kOne - __builtin_bit_cast(Bits, T(0.70710678118654752440));
  const bool is_small = x < F::kLeastNormal;
  const Bits bits = __builtin_bit_cast(Bits, is_small ? x * kWhole : x);
  const Bits exponent = (bits + kToOne) >> F::kMantissa;
  const T k = __builtin_bit_cast(T, __builtin_bit_cast(Bits, kWhole) | exponent) -
              (kWhole + T(F::kBias)) - (is_small ? T(F::kMantissa) : T(0));
  const T f = __builtin_bit_cast(T, bits - (exponent << F::kMantissa) + kOne) - T(1);
  const T half_square = T(0.5) * f * f;
  const T series = log_series<F::kLogTerms>(f, half_square) + k * F::kLn2Low;
  const T found = k * F::kLn2High - ((half_square - series) - f);
  const T edge = x == 0 ? -T(INFINITY) : T(NAN);
  return x > 0 ? (x == T(INFINITY) ? x : found) : edge;
}

// log(1 + x) for x in [0, 1] or NaN.
template <typename T>
PENLIGHT_INLINE T log1p_of_unit_lane(T x) {
  const T half_square = T(0.5) * x * x;
  return x - (half_square - log_series<Format<T>::kLog1pTerms>(x, half_square));
}

// With u = 1 + x as it is rounded, log(1 + x) is log u and what the rounding lost, over u.
template <typename T>
PENLIGHT_INLINE T log1p_lane(T x) {
  const T u = T(1) + x;
  const T lost = (x - (u - T(1))) / u;
  const T found = log_lane(u) + (lost == lost ? lost : T(0));
  return x == 0 ? x : found;
}

// 1 - erf(x) for x >= 0, right to the same absolute error everywhere, given exp(-x^2).
template <typename T>
PENLIGHT_INLINE T erf_tail(T x, T exp_of_square) {
  const T t = T(2.5) / (T(2.5) + x);
  return exp_of_square * t * polynomial(Format<T>::kErfTail, t - T(0.75));
}

template <typename T>
PENLIGHT_INLINE T erf_lane(T x) {
  const T square = x * x;
  const T size = x < 0 ? -x : x;
  const T beyond = T(1) - erf_tail(size, exp_lane(-square));
  const T near = x + x * polynomial(Format<T>::kErfNear, square);
  return size <= T(1) ? near : (x < 0 ? -beyond : beyond);
}

// ---- reductions: sixteen accumulators on every machine: every level adds in the same order ------

constexpr int kLanes = 16;

template <typename T>
struct Sum {
  T lane[kLanes] = {};

  // Adds value(i) for each i of [first, last).
  template <typename F>
  PENLIGHT_INLINE void add_values(int64_t first, int64_t last, const F& value) {
    int64_t i = first;
    for (; i + kLanes <= last; i += kLanes)
      for (int l = 0; l < kLanes; ++l) lane[l] += value(i + l);
    for (int l = 0; i + l < last; ++l) lane[l] += value(i + l);
  }

  PENLIGHT_INLINE void add(const T* x, int64_t n) {
    add_values(0, n, [x](int64_t i) { return x[i]; });
  }

  PENLIGHT_INLINE void add_products(const T* x, const T* y, int64_t n) {
    add_values(0, n, [x, y](int64_t i) { return x[i] * y[i]; });
  }

  PENLIGHT_INLINE T total() {
    for (int width = kLanes / 2; width > 0; width /= 2)
      for (int l = 0; l < width; ++l) lane[l] += lane[l + width];
    return lane[0];
  }
};

// ---- vectors of the level's width, for loops that must stay in registers ------------------------

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

// The largest of n > 0 values; which one is unspecified among NaN, whose sums say so anyway.
template <typename T>
PENLIGHT_INLINE T largest(const T* x, int64_t n) {
  using Vector = typename VectorOf<T>::Type;
  using Unaligned = typename VectorOf<T>::Unaligned;
  constexpr int kSize = VectorOf<T>::kSize, kAtOnce = 4;
  constexpr int kStep = kAtOnce * kSize;
  T most = x[0];
  int64_t i = 0;
  if (n >= kStep) {
    const Unaligned* at = reinterpret_cast<const Unaligned*>(x);
    Vector found[kAtOnce] = {at[0], at[1], at[2], at[3]};
    for (i = kStep; i + kStep <= n; i += kStep) {
      at = reinterpret_cast<const Unaligned*>(x + i);
      for (int v = 0; v < kAtOnce; ++v) {
        const Vector next = at[v];
        found[v] = next > found[v] ? next : found[v];
      }
    }
    found[0] = found[0] > found[1] ? found[0] : found[1];
    found[2] = found[2] > found[3] ? found[2] : found[3];
    found[0] = found[0] > found[2] ? found[0] : found[2];
    for (int l = 0; l < kSize; ++l) most = most < found[0][l] ? found[0][l] : most;
  }
  for (; i < n; ++i) most = most < x[i] ? x[i] : most;
  return most;
}

template <typename T>
PENLIGHT_INLINE typename VectorOf<T>::Type load_vector(const T* from) {
  return *reinterpret_cast<const typename VectorOf<T>::Unaligned*>(from);
}

template <typename T>
PENLIGHT_INLINE void store_vector(T* to, typename VectorOf<T>::Type value) {
  *reinterpret_cast<typename VectorOf<T>::Unaligned*>(to) = value;
}

// a[0], b[0], a[1], b[1], … from element `kFrom` on.
template <int kFrom, typename V, size_t... kAt>
PENLIGHT_INLINE V interleaved(V a, V b, std::index_sequence<kAt...>) {
  return __builtin_shufflevector(a, b, (kFrom + kAt / 2 + kAt % 2 * sizeof...(kAt))...);
}

// Transposes a square of vectors: interleaving its halves turns the bits of an element's place by
// one, and row and column have changed places after as many turns as a column has bits.
template <typename V, int kSize>
PENLIGHT_INLINE void transpose(V (&square)[kSize]) {
  constexpr auto kAll = std::make_index_sequence<kSize>();
  for (int turned = 1; turned < kSize; turned *= 2) {
    V before[kSize];
    for (int i = 0; i < kSize; ++i) before[i] = square[i];
    for (int i = 0; i < kSize / 2; ++i) {
      square[2 * i] = interleaved<0>(before[i], before[i + kSize / 2], kAll);
      square[2 * i + 1] = interleaved<kSize / 2>(before[i], before[i + kSize / 2], kAll);
    }
  }
}

}  // namespace
}  // namespace penlight
