// Random numbers: torch's CPU streams, word for word. The NumPy form is
// kernels/reference/random.py.
//
// state[625]: the words of MT19937, then how many are used up (625 straight after seeding).
// cache[2]:   the second number of the last Box-Muller pair, and whether it is still to be given
// out.
//
// Where torch's compiler fuses x * y + z into one rounding, std::fma says so. No other product here
// meets a sum, unless by a power of two, so contraction changes nothing. The double functions call
// libm once per element, as torch does.

#include "kernels/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "support/parallel.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kWords = 624;
constexpr int64_t kMiddle = 397;
constexpr int64_t kBlock = 16;
constexpr int64_t kHalf = kBlock / 2;
constexpr int64_t kChunk = 256;  // numbers made from one buffer of words
constexpr int64_t kWidest = 4;   // words that one of them takes at most
constexpr double kPi = 3.14159265358979323846;
constexpr uint64_t kLow53 = (uint64_t{1} << 53) - 1;

inline uint32_t twist(uint32_t high, uint32_t low, uint32_t far) {
  const uint32_t mixed = (high & 0x80000000u) | (low & 0x7fffffffu);
  return far ^ (mixed >> 1) ^
         (static_cast<uint32_t>(-static_cast<int32_t>(low & 1u)) & 0x9908b0dfu);
}

// The next 624 words in place. Split so that no loop reads what it has written itself.
void refill(uint32_t* state) {
  for (int64_t i = 0; i < kWords - kMiddle; ++i) {
    state[i] = twist(state[i], state[i + 1], state[i + kMiddle]);
  }
  const int64_t lag = kWords - kMiddle;
  for (int64_t start = lag; start < kWords - 1; start += lag) {
    const int64_t stop = std::min(start + lag, kWords - 1);
#pragma GCC ivdep
    for (int64_t i = start; i < stop; ++i) state[i] = twist(state[i], state[i + 1], state[i - lag]);
  }
  state[kWords - 1] = twist(state[kWords - 1], state[0], state[kMiddle - 1]);
}

inline uint32_t temper(uint32_t word) {
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680u;
  word ^= (word << 15) & 0xefc60000u;
  return word ^ (word >> 18);
}

inline uint64_t join(uint32_t first, uint32_t second) {
  return (static_cast<uint64_t>(first) << 32) | second;
}

inline float unit32(uint32_t word) {
  return static_cast<float>(static_cast<int32_t>(word & 0xffffffu)) * 0x1p-24f;
}

inline double unit64(const uint32_t* pair) {
  return static_cast<double>(static_cast<int64_t>(join(pair[0], pair[1]) & kLow53)) * 0x1p-53;
}

void draw_words(uint32_t* out, uint32_t* state, int64_t n) {
  int64_t used = std::min<int64_t>(state[kWords], kWords);
  for (int64_t done = 0; done < n;) {
    if (used == kWords) {
      refill(state);
      used = 0;
    }
    const int64_t count = std::min(kWords - used, n - done);
    for (int64_t i = 0; i < count; ++i) out[done + i] = temper(state[used + i]);
    used += count;
    done += count;
  }
  if (n > 0) state[kWords] = static_cast<uint32_t>(used);
}

// Calls f(words, start, count) for chunks of n numbers that take `each` words apiece.
template <typename F>
inline void by_chunks(uint32_t* state, int64_t n, int64_t each, F f) {
  uint32_t words[kWidest * kChunk];
  for (int64_t start = 0; start < n; start += kChunk) {
    const int64_t count = std::min(kChunk, n - start);
    draw_words(words, state, count * each);
    f(static_cast<const uint32_t*>(words), start, count);
  }
}

// f(u) for n uniform doubles.
template <typename F>
inline void transform64(double* out, uint32_t* state, int64_t n, F f) {
  by_chunks(state, n, 2, [&](const uint32_t* words, int64_t start, int64_t count) {
    for (int64_t i = 0; i < count; ++i) out[start + i] = f(unit64(words + 2 * i));
  });
}

void seed_words(uint32_t* state, uint64_t seed) {
  uint32_t word = static_cast<uint32_t>(seed);
  state[0] = word;
  for (uint32_t i = 1; i < kWords; ++i) {
    word = 1812433253u * (word ^ (word >> 30)) + i;
    state[i] = word;
  }
  state[kWords] = kWords + 1;
}

// ---- uniform ----

void uniform_f32(float* out, uint32_t* state, int64_t n, double low, double high) {
  const float first = static_cast<float>(low);
  const float span = static_cast<float>(high) - first;
  by_chunks(state, n, 1, [&](const uint32_t* words, int64_t start, int64_t count) {
    float* to = out + start;
    if (first == 0.0f) {
      for (int64_t i = 0; i < count; ++i) to[i] = unit32(words[i]) * span;
    } else {
      for (int64_t i = 0; i < count; ++i) to[i] = std::fma(unit32(words[i]), span, first);
    }
  });
}

void uniform_f64(double* out, uint32_t* state, int64_t n, double low, double high) {
  const double span = high - low;
  if (low == 0.0) {
    transform64(out, state, n, [=](double u) { return u * span; });
  } else {
    transform64(out, state, n, [=](double u) { return std::fma(u, span, low); });
  }
}

// u < p for u = k / 2^53 is k < ceil(p * 2^53), without a conversion per number.
template <typename T>
void bernoulli(T* out, uint32_t* state, int64_t n, double p) {
  const uint64_t bound = static_cast<uint64_t>(std::ceil(p * 0x1p53));
  by_chunks(state, n, 2, [&](const uint32_t* words, int64_t start, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t bits = join(words[2 * i], words[2 * i + 1]) & kLow53;
      out[start + i] = static_cast<T>(bits < bound);
    }
  });
}

// What is kept, as bernoulli draws it, is multiplied by `scale`, and the rest by zero.
template <typename T>
void dropout(T* out, bool* mask, const T* input, uint32_t* state, int64_t n, double keep,
             double scale) {
  const uint64_t bound = static_cast<uint64_t>(std::ceil(keep * 0x1p53));
  const T factor = static_cast<T>(scale);
  by_chunks(state, n, 2, [&](const uint32_t* words, int64_t start, int64_t count) {
    T kept[kChunk];
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t bits = join(words[2 * i], words[2 * i + 1]) & kLow53;
      kept[i] = static_cast<T>(bits < bound);
    }
    for (int64_t i = 0; i < count; ++i) mask[start + i] = kept[i] != 0;
    for (int64_t i = 0; i < count; ++i) out[start + i] = input[start + i] * (kept[i] * factor);
  });
}

// ---- whole numbers ----

void integers(int64_t* out, uint32_t* state, int64_t n, uint64_t base, uint64_t span, bool wide) {
  by_chunks(state, n, wide ? 2 : 1, [&](const uint32_t* words, int64_t start, int64_t count) {
    int64_t* to = out + start;
    if (!wide && span != 0 && span <= 0xffffffffu) {
      const uint32_t narrow = static_cast<uint32_t>(span);
      for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int64_t>(words[i] % narrow + base);
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t word = wide ? join(words[2 * i], words[2 * i + 1]) : words[i];
      to[i] = static_cast<int64_t>((span == 0 ? word : word % span) + base);
    }
  });
}

void permutation(int64_t* out, uint32_t* state, int64_t n, bool wide) {
  if (wide) {  // inside out
    by_chunks(state, n, 2, [&](const uint32_t* words, int64_t start, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        const uint64_t at = static_cast<uint64_t>(start + i);
        const uint64_t target = join(words[2 * i], words[2 * i + 1]) % (at + 1);
        out[at] = static_cast<int64_t>(at);
        out[at] = out[target];
        out[target] = static_cast<int64_t>(at);
      }
    });
    return;
  }
  for (int64_t i = 0; i < n; ++i) out[i] = i;
  by_chunks(state, n - 1, 1, [&](const uint32_t* words, int64_t start, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const uint32_t left = static_cast<uint32_t>(n - start - i);
      std::swap(out[start + i], out[start + i + words[i] % left]);
    }
  });
}

// ---- by way of one uniform double ----

void exponential(double* out, uint32_t* state, int64_t n, double rate) {
  const double scale = -1.0 / rate;
  transform64(out, state, n, [=](double u) { return scale * std::log1p(-u); });
}

void cauchy(double* out, uint32_t* state, int64_t n, double median, double sigma) {
  transform64(out, state, n,
              [=](double u) { return std::fma(std::tan(kPi * (u - 0.5)), sigma, median); });
}

void geometric(double* out, uint32_t* state, int64_t n, double p) {
  const double failure = std::log1p(-p);
  transform64(out, state, n, [=](double u) { return std::ceil(std::log(u) / failure); });
}

// ---- normal ----

// Pairs of Box and Muller; an odd one out waits in the cache.
void normal_serial(double* out, uint32_t* state, double* cache, int64_t n, double mean,
                   double std) {
  int64_t done = 0;
  if (n > 0 && cache[1] != 0.0) {
    out[done++] = std::fma(cache[0], std, mean);
    cache[0] = cache[1] = 0.0;
  }
  by_chunks(state, (n - done + 1) / 2, 4, [&](const uint32_t* words, int64_t start, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const double angle = 2.0 * kPi * unit64(words + 4 * i);
      const double radius = std::sqrt(-2.0 * std::log1p(-unit64(words + 4 * i + 2)));
      const double second = radius * std::sin(angle);
      const int64_t at = done + 2 * (start + i);
      out[at] = std::fma(radius * std::cos(angle), std, mean);
      if (at + 1 < n) {
        out[at + 1] = std::fma(second, std, mean);
      } else {
        cache[0] = second;
        cache[1] = 1.0;
      }
    }
  });
}

void log_normal(double* out, uint32_t* state, double* cache, int64_t n, double mean, double std) {
  normal_serial(out, state, cache, n, mean, std);
  for (int64_t i = 0; i < n; ++i) out[i] = std::exp(out[i]);
}

// Cephes' single precision log, sin and cos (S. Moshier, 1992), fused as in torch's build.
// Arguments are positive and finite.

inline float log32(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const int32_t exponent = static_cast<int32_t>(bits >> 23) - 126;
  bits = (bits & 0x007fffffu) | 0x3f000000u;
  float mantissa;
  std::memcpy(&mantissa, &bits, sizeof mantissa);
  const bool small = mantissa < 0.707106781186547524f;
  const float power = static_cast<float>(exponent - (small ? 1 : 0));
  const float rest = (small ? mantissa : 0.0f) + (mantissa - 1.0f);
  const float square = rest * rest;
  float series = 7.0376836292e-2f;
  series = std::fma(series, rest, -1.1514610310e-1f);
  series = std::fma(series, rest, 1.1676998740e-1f);
  series = std::fma(series, rest, -1.2420140846e-1f);
  series = std::fma(series, rest, 1.4249322787e-1f);
  series = std::fma(series, rest, -1.6668057665e-1f);
  series = std::fma(series, rest, 2.0000714765e-1f);
  series = std::fma(series, rest, -2.4999993993e-1f);
  series = std::fma(series, rest, 3.3333331174e-1f);
  series = std::fma(series * rest, square, power * -2.12194440e-4f);
  series = std::fma(square, -0.5f, series);
  return std::fma(power, 0.693359375f, rest + series);
}

inline void sincos32(float x, float* sine_out, float* cosine_out) {
  int32_t octant = static_cast<int32_t>(x * 1.27323954473516f);
  octant = (octant + 1) & ~1;
  const float turns = static_cast<float>(octant);
  x = std::fma(turns, -0.78515625f, x);
  x = std::fma(turns, -2.4187564849853515625e-4f, x);
  x = std::fma(turns, -3.77489497744594108e-8f, x);
  const float square = x * x;
  float cosine = 2.443315711809948e-5f;
  cosine = std::fma(cosine, square, -1.388731625493765e-3f);
  cosine = std::fma(cosine, square, 4.166664568298827e-2f);
  cosine = std::fma(cosine * square, square, -(square * 0.5f)) + 1.0f;
  float sine = -1.9515295891e-4f;
  sine = std::fma(sine, square, 8.3321608736e-3f);
  sine = std::fma(sine, square, -1.6666654611e-1f);
  sine = std::fma(sine * square, x, x);
  const bool swap = (octant & 2) != 0;
  const float s = swap ? cosine : sine;
  const float c = swap ? sine : cosine;
  *sine_out = (octant & 4) != 0 ? -s : s;
  *cosine_out = ((octant + 2) & 4) != 0 ? -c : c;
}

inline void normal_block(float* x, double mean, double std) {
  const float shift = static_cast<float>(mean);
  const float scale = static_cast<float>(std);
  for (int64_t i = 0; i < kHalf; ++i) {
    const float radius = std::sqrt(-2.0f * log32(1.0f - x[i]));
    float sine;
    float cosine;
    sincos32(static_cast<float>(2.0 * kPi) * x[i + kHalf], &sine, &cosine);
    x[i] = std::fma(radius * cosine, scale, shift);
    x[i + kHalf] = std::fma(radius * sine, scale, shift);
  }
}

inline void normal_block(double* x, double mean, double std) {
  for (int64_t i = 0; i < kHalf; ++i) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - x[i]));
    const double angle = 2.0 * kPi * x[i + kHalf];
    x[i] = std::fma(radius * std::cos(angle), std, mean);
    x[i + kHalf] = std::fma(radius * std::sin(angle), std, mean);
  }
}

inline void unit_fill(float* out, uint32_t* state, int64_t n) { uniform_f32(out, state, n, 0, 1); }
inline void unit_fill(double* out, uint32_t* state, int64_t n) { uniform_f64(out, state, n, 0, 1); }

// All uniforms first, then blocks of 16; where 16 does not divide n the last 16 are drawn anew.
template <typename T>
void normal_blocks(T* out, uint32_t* state, int64_t n, double mean, double std) {
  if (n < kBlock) return;
  unit_fill(out, state, n);
  const int64_t whole = n - n % kBlock;
  // libm takes ten times as long for a double as the vectors above for a float.
  constexpr int64_t kGrain = sizeof(T) == sizeof(float) ? 2048 : 128;
  parallel_for(0, whole / kBlock, kGrain, [=](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) normal_block(out + b * kBlock, mean, std);
  });
  if (whole != n) {
    unit_fill(out + n - kBlock, state, kBlock);
    normal_block(out + n - kBlock, mean, std);
  }
}

}  // namespace

const RandomKernels kRandom{
    .seed = seed_words,
    .words = draw_words,
    .uniform_f32 = uniform_f32,
    .uniform_f64 = uniform_f64,
    .bernoulli_bool = bernoulli<bool>,
    .bernoulli_f32 = bernoulli<float>,
    .bernoulli_f64 = bernoulli<double>,
    .dropout_f32 = dropout<float>,
    .dropout_f64 = dropout<double>,
    .integers = integers,
    .permutation = permutation,
    .exponential = exponential,
    .cauchy = cauchy,
    .geometric = geometric,
    .normal_serial = normal_serial,
    .log_normal = log_normal,
    .normal_blocks_f32 = normal_blocks<float>,
    .normal_blocks_f64 = normal_blocks<double>,
};

}  // namespace penlight::PENLIGHT_LEVEL
